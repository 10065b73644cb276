"""The settings that belong to a protocol: where its export lies, what its cells mean, which outcome."""

from __future__ import annotations

from corticolimbic.cohort._protocol_scheme import Design, Language, Visit

RECORDS = "redcap/records.csv"
"""Where the settings expect the export of all records, beside the dictionary."""
_WORDS = {
    "start": {
        "en": "start this in the folder of the protocol: paths are relative to it",
        "zh": "请在方案文件夹中运行：路径相对于该文件夹",
    },
    "export": {
        "en": "export of all records: CSV, raw data; delete sources where the dataset has BIDS tables",
        "zh": "全部记录的导出文件：CSV，原始数据；若数据集已有BIDS表格，请删除sources",
    },
    "subacute": {
        "en": "pain that fell by less than 20 % from the first visit to month 12 counts as persistent",
        "zh": "自首次访视至第12个月疼痛下降不足20%者视为持续性疼痛",
    },
    "surgical": {
        "en": "pain of at least 4 (NRS) 12 months after surgery counts as persistent",
        "zh": "术后12个月疼痛至少为4分（NRS）者视为持续性疼痛",
    },
    "window": {
        "en": "days by which a visit may be early and late",
        "zh": "访视可提前与推迟的天数",
    },
    "lost": {
        "en": "weights or imputation let those who were seen stand for the lost",
        "zh": "weights（加权）或imputation（插补）可用已随访者代表失访者",
    },
}
_ELIGIBLE = """\
      - {variable: group, equals: patient, source: protocol}
"""
_SUBACUTE = """\
      - {variable: pain_duration_weeks, at_least: 4, at_most: 12, source: protocol}
"""
_RELATIVE = """\
    family: relative
    threshold: 0.2
    beside: [0.3]
"""
_ABSOLUTE = """\
    family: absolute
    level: 4
    levels_beside: [3]
"""


def study_settings(design: Design, plan: tuple[Visit, ...], lang: Language) -> str:
    """Return ``study.yaml``: export to outcome without another line.

    Parameters
    ----------
    design
        ``subacute``: the relative rule, and 4 to 12 weeks of pain at entry. ``surgical``: the absolute rule,
        days counted from surgery.
    plan
        The design's visits.
    lang
        Language of the remarks and labels.
    """
    say = {name: words[lang] for name, words in _WORDS.items()}
    month_12 = next(visit for visit in plan if visit.day == 365)
    surgical = design == "surgical"
    events = "".join(f"        {visit.event}: {visit.session}\n" for visit in plan)
    schedule = "".join(
        f"      - {{session: {visit.session}, day: {visit.day}, before: {visit.day - visit.earliest}, "
        f"after: {visit.latest - visit.day}, label: '{visit.label.of(lang)}'}}\n"
        for visit in plan
    )
    return f"""\
# corticolimbic run DATASET OUT --config study.yaml
# {say["start"]}
cohort:
  site_column: site
{"  day_zero: surgery_date" + chr(10) if surgical else ""}\
  sources:
    # {say["export"]}
    - kind: redcap
      path: {RECORDS}
      dictionary: redcap/data_dictionary.csv
      designations: redcap/instrument_event_mapping.csv
      site_column: site
      date_column: visit_date
      dates: {{pain_diary: diary_date}}
      birth: [birth_date]
      sex: [sex]
      missing: {{NASK: not asked, REF: refused, LOST: lost, UNK: unknown}}
      events:
{events}\
  trajectories:
    ratings:
      - {{variable: nrs_avg7d, scale: [0, 10]}}
      - {{variable: nrs_diary, scale: [0, 10]}}
    # {say["window"]}
    schedule:
{schedule}\
    date_variable: visit_date
    not_done: {{visit_mode: none}}
    complete_variables: [nrs_avg7d]
    duration_variable: pain_duration_weeks
    duration_unit: weeks
    eligibility:
{_ELIGIBLE}{"" if surgical else _SUBACUTE}\
  # {say[design]}
  outcome:
    pain_column: nrs_avg7d
    baseline_session: {plan[0].session}
    final_session: {month_12.session}
    scale: [0, 10]
{_ABSOLUTE if surgical else _RELATIVE}\
attrition:
  # {say["lost"]}
  method: none
  covariates: [sex, phq9_total]
"""
