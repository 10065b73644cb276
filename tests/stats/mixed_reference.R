# Writes mixed_reference.tsv: estimates and Satterthwaite degrees of freedom of lme4 and lmerTest.
# python tests/stats/mixed_designs.py FOLDER; Rscript tests/stats/mixed_reference.R FOLDER > tests/stats/mixed_reference.tsv
suppressMessages(library(lmerTest))
folder <- commandArgs(trailingOnly = TRUE)[1]
control <- lmerControl(
  optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e6),
  check.conv.singular = "ignore", check.conv.grad = "ignore", check.conv.hess = "ignore"
)
cat(paste0("# lme4 ", packageVersion("lme4"), ", lmerTest ", packageVersion("lmerTest"), ", REML\n"))
columns <- c(
  "design", "mean_y", "effect", "estimate", "se", "df", "criterion",
  "residual_sd", "intercept_sd", "slope_sd", "correlation", "singular"
)
cat(paste(columns, collapse = "\t"), "\n", sep = "")
for (file in sort(list.files(folder, "^design-.*csv$"))) {
  number <- as.integer(sub("design-([0-9]+).csv", "\\1", file))
  d <- read.csv(file.path(folder, file))
  d$age <- d$age - mean(d$age)
  typical <- ave(d$pain, d$person)
  d$pain_mean <- typical - mean(typical)
  d$pain_deviation <- d$pain - typical
  fixed <- "y ~ group + year + group:year + age + pain_mean + pain_deviation"
  random <- if (number %% 2 == 1) "(1 + year | person)" else "(1 | person)"
  fit <- suppressWarnings(suppressMessages(
    lmer(as.formula(paste(fixed, "+", random)), d, REML = TRUE, control = control)
  ))
  found <- suppressWarnings(suppressMessages(coef(summary(fit, ddf = "Satterthwaite"))))
  spread <- VarCorr(fit)$person
  sds <- attr(spread, "stddev")
  slope <- if (length(sds) > 1) sds[2] else NA
  correlation <- if (length(sds) > 1) attr(spread, "correlation")[1, 2] else NA
  for (effect in rownames(found)) {
    cells <- c(
      found[effect, 1:3], REMLcrit(fit), sigma(fit), sds[1], slope, correlation
    )
    cat(paste(c(
      number, sprintf("%.10g", mean(d$y)), effect, sprintf("%.10g", cells), as.integer(isSingular(fit))
    ), collapse = "\t"), "\n", sep = "")
  }
}
