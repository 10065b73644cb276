# Writes visits_reference.tsv: estimates and Satterthwaite degrees of freedom of lmerTest.
# python tests/stats/visits_reference.py FILE.csv; Rscript tests/stats/visits_reference.R FILE.csv > tests/stats/visits_reference.tsv
suppressMessages(library(lmerTest))
d <- read.csv(commandArgs(trailingOnly = TRUE)[1])
control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e6))
cat(paste0("# lme4 ", packageVersion("lme4"), ", lmerTest ", packageVersion("lmerTest"), ", REML\n"))
cat("model\teffect\testimate\tse\tdf\n")
models <- c(
  groups = "z ~ group * year + fd_mean + fd_within + site + (1 + year | person)",
  pain = "z ~ year + pain_mean + pain_within + fd_mean + fd_within + site + (1 + year | person)"
)
for (name in names(models)) {
  fit <- lmer(as.formula(models[name]), d, REML = TRUE, control = control)
  found <- coef(summary(fit, ddf = "Satterthwaite"))
  for (effect in rownames(found)) {
    cat(paste(c(name, effect, sprintf("%.10g", found[effect, 1:3])), collapse = "\t"), "\n", sep = "")
  }
}
