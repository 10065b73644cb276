# Writes random_effects_reference.tsv: what metafor says of random meta-analyses, and of dat.bcg.
# Rscript tests/stats/random_effects_reference.R > tests/stats/random_effects_reference.tsv
suppressMessages(library(metafor))
set.seed(20250612)
cat(paste0("# metafor ", packageVersion("metafor"), "; y and v: one number a site\n"))
columns <- c(
  "name", "method", "y", "v", "estimate", "se", "ci_low", "ci_high", "hk_se", "hk_low", "hk_high", "hk_p",
  "adhoc_se", "adhoc_low", "adhoc_high", "adhoc_p", "common", "common_se", "tau2", "tau2_low", "tau2_high",
  "i2", "h2", "q", "p_q", "k1_low", "k1_high"
)
cat(paste(columns, collapse = "\t"), "\n", sep = "")
digits <- function(x) paste(sprintf("%.15g", x), collapse = " ")
one <- function(name, y, v, method) {
  control <- list(threshold = 1e-12, maxiter = 10000, stepadj = 0.5, tol = 1e-12)
  fit <- function(test) rma(y, v, method = method, test = test, control = control)
  z <- fit("z"); hk <- fit("knha"); adhoc <- fit("adhoc")
  fixed <- rma(y, v, method = "FE")
  # without a solution metafor has nothing: both ends lie below 0
  profile <- suppressWarnings(confint(z, control = list(tau2.max = 1e6, tol = 1e-12, maxiter = 10000))$random)
  ahead <- predict(adhoc)
  cat(paste(c(
    name, method, digits(y), digits(v),
    sprintf("%.12g", c(
      z$b, z$se, z$ci.lb, z$ci.ub, hk$se, hk$ci.lb, hk$ci.ub, hk$pval, adhoc$se, adhoc$ci.lb, adhoc$ci.ub,
      adhoc$pval, fixed$b, fixed$se, z$tau2, profile[1, 2], profile[1, 3], z$I2 / 100, z$H2, z$QE, z$QEp,
      ahead$pi.lb, ahead$pi.ub
    ))
  ), collapse = "\t"), "\n", sep = "")
}
bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
for (method in c("REML", "DL", "PM")) one("dat.bcg", as.numeric(bcg$yi), as.numeric(bcg$vi), method)
for (number in 1:120) {
  k <- sample(2:20, 1)
  v <- exp(rnorm(k, -3, 1))
  tau <- sample(c(0, 0.1, 0.3, 1), 1)
  y <- rnorm(k, 0.3, sqrt(v + tau^2))
  one(sprintf("random-%03d", number), y, v, c("REML", "DL", "PM")[(number - 1) %% 3 + 1])
}
