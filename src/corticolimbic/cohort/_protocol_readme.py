"""The page that explains a protocol folder, in English and Chinese."""

from __future__ import annotations

from corticolimbic.cohort._protocol_scheme import Form, Language, Visit

_EN = """\
# A protocol for following pain ({design})

Written by `corticolimbic protocol init`. It holds structure only: names, ranges, keys and scoring.
The wording of licensed questionnaires is not in it; get it from its owner (column licence of `scoring.tsv`)
and type or import it into the forms, keeping the field names.

## What is here
- `visits.tsv`: the visits and their windows in days.
- `redcap/`: `data_dictionary.csv`, `events.csv`, `instrument_event_mapping.csv`, `repeating_forms.csv`.
- `bids/`: templates of `participants.tsv`, of a sessions table, and of `phenotype/`, with dictionaries in
  English and Chinese.
- `scoring.tsv`: every score, its items, rule, missing-item rule, source, and whether the rule was seen there.
- `study.yaml`: settings for `corticolimbic run`.

## How to go on
1. Take away the forms that you do not use, and their variables from `study.yaml` (the diary: `nrs_diary`).
   PHQ-9 and BDI-II, and GAD-7 and STAI, are meant as alternatives.
2. In REDCap make a longitudinal project; import the dictionary, then the events, then the forms by event;
   switch on the repeating forms ({repeating}).
3. The record's id is the participant's label, as in the names of the images: `record_id` 017 is `sub-017`.
   Add item texts under your licences. Do not rename fields: scoring finds items by `<instrument>_<item>`.
4. Answers are stored as the form's own codes. Where your form codes them otherwise (TSK from 0, ODI from 1,
   HADS by position), declare it in the scoring settings; nothing is guessed.
5. Write down why a value is missing. In REDCap switch on missing data codes: `NASK` not asked, `REF` refused,
   `LOST` lost, `UNK` unknown. A visit that did not take place has the visit form, "Not done" and the reason.
6. Item 9 of the PHQ-9 and of the BDI-II asks about self-harm: arrange who looks at it, and how soon.
7. Opioids: one row a drug, mg a day (fentanyl patch mcg an hour). Doses become morphine milligram equivalents
   with the factors of CDC 2022; buprenorphine has none.
8. Export all records (CSV, raw data) to `redcap/records.csv`, and in this folder start
   `corticolimbic run DATASET OUT --config study.yaml`: read, scored, and turned into outcomes.

## Visits
| session | planned day | window | scan | |
|---|---|---|---|---|
{visits}

## Forms
| form | visits | licence |
|---|---|---|
{forms}
"""
_ZH = """\
# 疼痛随访研究方案（{design}）

由 `corticolimbic protocol init` 生成。此处仅包含结构：变量名、取值范围、条目编号与计分规则。受版权保护的
量表原文不在其中；请向版权方获取（见 `scoring.tsv` 的 licence 列），再录入或导入各表单，并保持变量名不变。

## 文件
- `visits.tsv`：访视及其时间窗（天）。
- `redcap/`：`data_dictionary.csv`（数据字典）、`events.csv`（事件）、`instrument_event_mapping.csv`
  （表单与事件的对应）、`repeating_forms.csv`（可重复表单）。
- `bids/`：`participants.tsv`、访视表与 `phenotype/` 的模板，附中英文数据字典。
- `scoring.tsv`：每个得分的条目、规则、缺失条目规则、来源，以及规则是否已在来源中核实。
- `study.yaml`：`corticolimbic run` 的设置。

## 步骤
1. 删去不使用的表单，并从 `study.yaml` 中删去其变量（日记：`nrs_diary`）。
   PHQ-9 与 BDI-II、GAD-7 与 STAI 为可替换的选择。
2. 在 REDCap 中建立纵向项目；依次导入数据字典、事件、表单与事件的对应；启用可重复表单（{repeating}）。
3. 记录编号即受试者标签，与影像文件名一致：`record_id` 017 即 `sub-017`。
   按所获许可录入条目原文。请勿更改变量名：计分按 `<量表>_<条目>` 查找条目。
4. 答案按量表自身的编码保存。若编码不同（TSK 从 0 起、ODI 从 1 起、HADS 按位置），请在计分设置中声明；
   程序不作猜测。
5. 记录数值缺失的原因。请在 REDCap 中启用缺失数据代码：`NASK` 未询问、`REF` 拒绝、`LOST` 失访、`UNK` 不明。
   未进行的访视仅填访视表单，选“未进行”并注明原因。
6. PHQ-9 与 BDI-II 的第 9 题涉及自伤：请安排由谁、在多久之内查看。
7. 阿片类药物：每药一行，单位毫克/日（芬太尼贴剂为微克/小时）。剂量按 CDC 2022 系数换算为吗啡毫克当量；
   丁丙诺啡无系数。
8. 将全部记录导出（CSV，原始数据）为 `redcap/records.csv`，并在本文件夹中运行
   `corticolimbic run DATASET OUT --config study.yaml`：读取、计分并生成结局。

## 访视
| 访视 | 计划日 | 时间窗 | 扫描 | |
|---|---|---|---|---|
{visits}

## 表单
| 表单 | 访视 | 许可 |
|---|---|---|
{forms}
"""
_DESIGNS = {
    "en": {"subacute": "subacute pain", "surgical": "pain after surgery"},
    "zh": {"subacute": "亚急性疼痛", "surgical": "术后疼痛"},
}
_YES = {"en": "yes", "zh": "是"}


def readme(design: str, forms: tuple[Form, ...], visits: tuple[Visit, ...], lang: Language) -> str:
    """Return the page.

    Parameters
    ----------
    design
        Key of the design.
    forms, visits
        What it holds.
    lang
        Language.
    """
    sign = "、" if lang == "zh" else ", "
    rows = [
        f"| `{visit.session}` | {visit.day} | {visit.earliest} - {visit.latest} "
        f"| {_YES[lang] if visit.imaging else ''} | {visit.label.of(lang)} |"
        for visit in visits
    ]
    lines = [
        f"| `{form.name}`: {form.label.of(lang)} | {sign.join(visit.session for visit in form.at(visits))} "
        f"| {form.instruments[0].subscales[0].words.licence if form.instruments else ''} |"
        for form in forms
    ]
    return (_ZH if lang == "zh" else _EN).format(
        design=_DESIGNS[lang][design],
        repeating=sign.join(f"`{form.name}`" for form in forms if form.repeating),
        visits="\n".join(rows),
        forms="\n".join(lines),
    )
