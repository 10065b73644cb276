# Writes auc_reference.tsv: AUC, DeLong's variance and interval, and DeLong's paired test, of pROC.
# Rscript tests/stats/auc_reference.R > tests/stats/auc_reference.tsv
# The scores follow from whole numbers alone, so that the test can make the same ones.
suppressMessages(library(pROC))
cat(paste0("# pROC ", packageVersion("pROC"), "\n"))
columns <- c("n", "modulus", "first", "second", "variance", "low", "high", "z", "p")
cat(paste(columns, collapse = "\t"), "\n", sep = "")
for (n in c(12, 31, 60, 150)) {
  for (modulus in c(7, 101)) { # 7: many ties
    i <- seq_len(n)
    class <- as.integer((i * 13) %% 17 < 7)
    first <- ((i * 37) %% modulus) + class * modulus %/% 4
    second <- ((i * 53 + i * i) %% modulus) + class * (i %% 3)
    one <- roc(class, first, direction = "<", levels = c(0, 1), quiet = TRUE)
    two <- roc(class, second, direction = "<", levels = c(0, 1), quiet = TRUE)
    ends <- ci.auc(one, method = "delong")
    test <- suppressWarnings(roc.test(one, two, method = "delong", paired = TRUE))
    cells <- c(auc(one), auc(two), var(one, method = "delong"), ends[1], ends[3], test$statistic, test$p.value)
    cat(paste(c(n, modulus, sprintf("%.12g", cells)), collapse = "\t"), "\n", sep = "")
  }
}
