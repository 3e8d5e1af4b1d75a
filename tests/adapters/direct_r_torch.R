# R torch, addressed as a script would: problems as JSON on stdin, results as JSON on stdout.
library(torch)

tensor <- function(values, dtype) {
  if (is.null(values)) return(NULL)
  shape <- dim(values)
  if (is.null(shape)) shape <- length(values)
  torch_tensor(array(values, shape), dtype = if (dtype == "float64") torch_float64() else torch_float32())
}

# All digits of a double, flat in C's order, beside the shape.
written <- function(tensor) {
  tensor <- tensor$detach()
  values <- as.numeric(as_array(tensor$to(dtype = torch_float64())$reshape(-1)))
  paste0('{"shape":[', paste(tensor$shape, collapse = ","), '],"flat":[', paste(sprintf("%.17g", values), collapse = ","), "]}")
}

torch_set_num_threads(1)
results <- lapply(jsonlite::fromJSON(file("stdin"), simplifyDataFrame = FALSE), function(p) {
  x <- tensor(p$x, p$dtype)$requires_grad_(TRUE)
  w <- tensor(p$w, p$dtype)
  b <- tensor(p$b, p$dtype)
  two <- length(p$kernel) == 2
  if (p$module) {
    make <- if (two) nn_conv_transpose2d else nn_conv_transpose1d
    layer <- make(p[["in"]], p$out, p$kernel,
      stride = p$stride, padding = p$padding, output_padding = p$output_padding, groups = p$groups,
      dilation = p$dilation, bias = !is.null(b)
    )
    layer$to(dtype = x$dtype)
    with_no_grad({
      layer$weight$copy_(w)
      if (!is.null(b)) layer$bias$copy_(b)
    })
    y <- layer(x)
    leaves <- c(list(x, layer$weight), if (!is.null(b)) list(layer$bias))
  } else {
    run <- if (two) nnf_conv_transpose2d else nnf_conv_transpose1d
    leaves <- lapply(c(list(x, w), if (!is.null(b)) list(b)), function(leaf) leaf$requires_grad_(TRUE))
    y <- run(x, w, b, p$stride, p$padding, p$output_padding, p$groups, p$dilation)
  }
  gradients <- autograd_grad(list(y), leaves, list(tensor(p$g, p$dtype)))
  names(gradients) <- c("grad_input", "grad_weight", "grad_bias")[seq_along(gradients)]
  found <- c(list(values = y), gradients)
  paste0("{", paste0('"', names(found), '":', vapply(found, written, ""), collapse = ","), "}")
})
cat("[", paste(results, collapse = ","), "]\n", sep = "")
