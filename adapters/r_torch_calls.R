# Tensors, calls and probes of R torch for r_torch_worker.R; base.py, worker.py and probe.py explain them.

# ---- tensors --------------------------------------------------------------------------------------------

dtype_of <- function(name) {
  switch(name,
    float16 = torch::torch_float16(), bfloat16 = torch::torch_bfloat16(),
    float32 = torch::torch_float32(), float64 = torch::torch_float64(),
    complex64 = torch::torch_cfloat(), complex128 = torch::torch_cdouble(),
    int32 = torch::torch_int32(), int64 = torch::torch_int64(), bool = torch::torch_bool(),
    stop("no such dtype here: ", name)
  )
}

# libtorch's name of a dtype -> name on the wire
TYPES <- c(
  Half = "float16", BFloat16 = "bfloat16", Float = "float32", Double = "float64", ComplexFloat = "complex64",
  ComplexDouble = "complex128", Int = "int32", Long = "int64", Bool = "bool"
)

dtype_name <- function(tensor) {
  name <- tensor$dtype$.type()
  if (name %in% names(TYPES)) TYPES[[name]] else tolower(name)
}

# Makes a tensor, with a gradient if its dtype has one.
leaf <- function(tensor) {
  if (dtype_name(tensor) %in% c("int32", "int64", "bool")) tensor else tensor$requires_grad_(TRUE)
}

tensor_of <- function(array) {
  if (prod(array$shape) == 0) return(torch::torch_empty(array$shape, dtype = dtype_of(array$dtype)))
  parts <- list(complex64 = "float32", complex128 = "float64")[[array$dtype]]
  shape <- c(array$shape, if (!is.null(parts)) 2)
  # The tensor would share bytes that R may free or that are not aligned for complex numbers, so it gets a
  # copy.
  dtype <- dtype_of(c(parts, array$dtype)[[1]])
  tensor <- torch::torch_tensor_from_buffer(array$bytes, shape, dtype = dtype)$clone()
  if (is.null(parts)) tensor else torch::torch_view_as_complex(tensor)
}

array_of <- function(tensor) {
  tensor <- tensor$detach()$contiguous() # the bytes are read in memory order, whatever the strides
  shape <- as.numeric(tensor$shape)
  bytes <- if (prod(shape) == 0) raw(0) else torch::buffer_from_torch_tensor(tensor)
  list(dtype = dtype_name(tensor), shape = shape, bytes = bytes)
}

sendable <- function(shape, dtype) {
  dtype %in% names(ITEMSIZE) && all(shape >= 0) && 4 * ITEMSIZE[[dtype]] * prod(shape) <= MAX_PAYLOAD
}

# ---- calls ----------------------------------------------------------------------------------------------

IMPLEMENTATIONS <- list(
  r.torch.nn_conv_transpose1d = list(make = "nn_conv_transpose1d", module = TRUE),
  r.torch.nn_conv_transpose2d = list(make = "nn_conv_transpose2d", module = TRUE),
  r.torch.nnf_conv_transpose1d = list(make = "nnf_conv_transpose1d", module = FALSE),
  r.torch.nnf_conv_transpose2d = list(make = "nnf_conv_transpose2d", module = FALSE)
)

# Returns one number if all dimensions agree and the spelling is plain, as users write it.
spelled <- function(case, values) {
  values <- as.numeric(unlist(values))
  if (case$spelling == "plain" && length(unique(values)) == 1) values[[1]] else values
}

unsupported <- function(message) {
  stop(structure(class = c("unsupported", "error", "condition"), list(message = message, call = NULL)))
}

# Returns an argument from its JSON form, see base.py.  R has vectors instead of tuples and lists.
argument <- function(plain) {
  if (!is.list(plain)) return(if (is.numeric(plain)) as.numeric(plain) else plain)
  kind <- names(plain)
  if (is.null(kind)) {
    items <- lapply(plain, argument)
    alike <- length(unique(lapply(items, class))) <= 1 && all(lengths(items) == 1) && !any(sapply(items, is.list))
    return(if (alike) unlist(items) else items)
  }
  switch(kind,
    tuple = argument(plain$tuple),
    float = as.numeric(plain$float),
    numpy = as.integer(plain$numpy),
    stop("no argument: ", kind)
  )
}

# Calls `make` with the given arguments and those of the options except `leave`.
called <- function(make, given, options, leave = character()) {
  own <- options$arguments[setdiff(names(options$arguments), leave)]
  for (name in names(own)) given[name] <- list(argument(own[[name]]))
  given <- given[setdiff(names(given), unlist(options$omitted))]
  first <- intersect(unlist(options$positional), names(given))
  do.call(make, c(unname(given[first]), given[setdiff(names(given), first)]))
}

# Returns the same values in the memory layout `view`.
as_view <- function(tensor, view, ndim) {
  rank <- tensor$dim()
  switch(view,
    contiguous = tensor,
    channels_last = {
      channel <- rank - ndim
      order <- c(setdiff(seq_len(rank), channel), channel)
      tensor$permute(order)$contiguous()$permute(match(seq_len(rank), order))
    },
    strided = torch::torch_stack(list(tensor, torch::torch_zeros_like(tensor)), dim = -1)$select(-1, 1),
    transposed = tensor$transpose(1, -1)$contiguous()$transpose(1, -1),
    broadcast = tensor[1, .., drop = FALSE]$expand_as(tensor),
    unsupported("a tensor has no negative strides")
  )
}

# Returns a call: an environment with the functions of its stages and probes, see base.py.
call_of <- function(implementation, case, arrays, options) {
  about <- IMPLEMENTATIONS[[implementation]]
  if (is.null(about)) stop("no such implementation here: ", implementation)
  if (isTRUE(options$deterministic)) unsupported("R torch has no switch for deterministic algorithms")
  ndim <- if (grepl("1d", about$make)) 1 else 2
  make <- getExportedValue("torch", about$make)
  tensors <- lapply(arrays[intersect(c("x", "w", "b"), names(arrays))], tensor_of)
  x <- if (is.null(tensors$x)) NULL else leaf(as_view(tensors$x, c(options$view, "contiguous")[[1]], ndim))
  arguments <- list(
    stride = spelled(case, case$stride),
    padding = spelled(case, lapply(case$padding, `[[`, 1)),
    output_padding = spelled(case, case$output_padding),
    groups = case$groups,
    dilation = spelled(case, case$dilation)
  )
  parameters <- list()

  made <- function() {
    given <- list(
      in_channels = case$in_channels, out_channels = case$out_channels,
      kernel_size = spelled(case, case$kernel_size), bias = case$bias
    )
    layer <- called(make, c(given, arguments), options, leave = c("output_size", "input"))
    # the constructor has no dtype argument
    if (case$dtype != "float32") layer$to(dtype = dtype_of(case$dtype))
    layer
  }

  construct <- function() {
    if (!about$module) {
      parameters <<- lapply(tensors[names(tensors) != "x"], leaf)
      return(EMPTY_OBJECT)
    }
    layer <<- made()
    parameters <<- Filter(Negate(is.null), list(w = layer$weight, b = layer$bias))
    torch::with_no_grad(for (name in intersect(names(parameters), names(tensors))) {
      # if the shapes differ, the check of parameters reports it
      same <- identical(parameters[[name]]$shape, tensors[[name]]$shape)
      if (same) parameters[[name]]$copy_(tensors[[name]])
    })
    described <- lapply(layer$parameters, function(p) list(whole(p$shape), dtype_name(p)))
    if (length(described)) described else EMPTY_OBJECT
  }
  layer <- NULL

  forward <- function() {
    if (!about$module) {
      given <- c(list(input = x, weight = parameters$w, bias = parameters$b), arguments)
      return(called(make, given, options))
    }
    given <- list(x)
    if (!is.null(case$output_size)) given$output_size <- as.numeric(unlist(case$output_size))
    if ("output_size" %in% names(options$arguments)) {
      given["output_size"] <- list(argument(options$arguments$output_size))
    }
    do.call(layer, given)
  }

  gradients <- function(output, grad, ...) {
    inputs <- unname(c(list(x), parameters))
    found <- torch::autograd_grad(list(output), inputs, grad_outputs = list(grad), allow_unused = TRUE, ...)
    names(found) <- c("grad_input", "grad_weight", "grad_bias")[seq_along(inputs)]
    Filter(function(gradient) inherits(gradient, "torch_tensor"), found)
  }

  environment()
}

# Returns an error's text without the C++ backtrace.
words_of <- function(error) {
  text <- sub("\nException raised from .*", "", conditionMessage(error))
  substr(trimws(gsub("[[:space:]]+", " ", text)), 1, 1000)
}

microseconds <- function() as.numeric(Sys.time()) * 1e6

new_answer <- function(...) {
  list(
    status = "ok", stage = "", message = "", parameters = EMPTY_OBJECT, shape = NULL, dtype = NULL, ...
  )
}

# Returns the answer with the error of the stage that raised it.
failed <- function(answer, stage, error) {
  answer$stage <- stage
  if (inherits(error, "unsupported")) {
    answer$status <- "unsupported"
    answer$message <- conditionMessage(error)
  } else {
    answer$status <- "raised"
    answer$message <- paste0(class(error)[[1]], ": ", words_of(error))
  }
  answer
}

# Returns the first numbers of the pool as an array of this shape, NULL if it has fewer.
first_numbers <- function(pool, shape) {
  if (prod(shape) > pool$shape) return(NULL)
  bytes <- pool$bytes[seq_len(ITEMSIZE[[pool$dtype]] * prod(shape))]
  list(dtype = pool$dtype, shape = shape, bytes = bytes)
}

# Makes one call of one implementation; returns the answer's header fields and arrays.
run <- function(implementation, case, arrays, options) {
  answer <- new_answer()
  out <- list()
  spent <- 0
  stage <- "construct"
  started <- microseconds()
  tryCatch(
    {
      call <- call_of(implementation, case, arrays, options)
      started <- microseconds()
      answer$parameters <- call$construct()
      stage <- "forward"
      output <- call$forward()
      spent <- microseconds() - started
      stage <- "output"
      shape <- as.numeric(output$shape)
      answer["shape"] <- list(whole(shape))
      answer$dtype <- dtype_name(output)
      if (sendable(shape, answer$dtype)) {
        out$values <- array_of(output)
        if (is.null(arrays$g) && !is.null(arrays$pool)) arrays$g <- first_numbers(arrays$pool, shape)
        if (!is.null(arrays$g) && identical(arrays$g$shape, shape)) {
          stage <- "backward"
          grad <- tensor_of(arrays$g)
          started <- microseconds()
          gradients <- call$gradients(output, grad)
          spent <- spent + microseconds() - started
          out <- c(out, lapply(gradients, array_of))
        }
      }
    },
    error = function(error) {
      answer <<- failed(answer, stage, error)
      if (stage != "output") spent <<- spent + microseconds() - started
    }
  )
  answer$microseconds <- max(0, round(spent, 1))
  list(header = answer, arrays = out)
}

# ---- probes ---------------------------------------------------------------------------------------------

# Operations other than "call" and "signature": a constructed call -> tensors by name.
PROBES <- list(
  inputs = function(call, arrays) {
    output <- call$forward()
    if (!is.null(arrays$g)) call$gradients(output, tensor_of(arrays$g))
    c(list(x = call$x), call$parameters)
  },
  convolve = function(call, arrays) {
    convolution <- if (call$ndim == 1) torch::nnf_conv1d else torch::nnf_conv2d
    arguments <- call$arguments[names(call$arguments) != "output_padding"]
    list(values = do.call(convolution, c(list(tensor_of(arrays$y), call$parameters$w), arguments)))
  },
  second = function(call, arrays) {
    grad <- leaf(tensor_of(arrays$g))
    first <- call$gradients(call$forward(), grad, create_graph = TRUE)
    directions <- arrays[intersect(c("vx", "vw", "vb"), names(arrays))]
    terms <- Map(function(one, direction) (one * tensor_of(direction))$sum(), first[seq_along(directions)], directions)
    found <- torch::autograd_grad(
      list(Reduce(`+`, terms)), list(call$x, call$parameters$w, grad),
      allow_unused = TRUE
    )
    names(found) <- c("second_x", "second_w", "second_g")
    Filter(function(gradient) inherits(gradient, "torch_tensor"), found)
  },
  tangent = function(call, arrays) unsupported("R torch has no forward mode"),
  twice = function(call, arrays) {
    for (pass in 1:2) {
      output <- call$forward()
      found <- list(values = output)
      if (!is.null(arrays$g) && identical(arrays$g$shape, as.numeric(output$shape))) {
        found <- c(found, call$gradients(output, tensor_of(arrays$g)))
      }
    }
    found
  }
)

# Returns [name, default as R writes it or null, kind] of each argument.
signature <- function(made) {
  arguments <- formals(made)
  unname(Map(function(name, default) {
    written <- paste(deparse(default), collapse = "")
    list(name, if (written == "") NULL else written, "positional_or_keyword")
  }, names(arguments), arguments))
}

probe <- function(operation, implementation, case, arrays, options) {
  answer <- new_answer(facts = EMPTY_OBJECT)
  found <- list()
  stage <- "construct"
  started <- microseconds()
  tryCatch(
    {
      about <- IMPLEMENTATIONS[[implementation]]
      if (operation == "signature") {
        made <- getExportedValue("torch", about$make)
        answer$facts <- if (about$module) {
          list(construct = signature(made), forward = signature(made(1, 1, 1)$forward))
        } else {
          list(forward = signature(made))
        }
      } else if (operation == "initial") {
        if (!about$module) unsupported("a function has no parameters of its own")
        call <- call_of(implementation, case, arrays, options)
        torch::torch_manual_seed(c(options$seed, 0)[[1]])
        found <- call$made()$parameters
      } else {
        if (is.null(PROBES[[operation]])) unsupported(paste0("no operation called '", operation, "'"))
        call <- call_of(implementation, case, arrays, options)
        answer$parameters <- call$construct()
        stage <- if (operation %in% c("convolve", "tangent")) "forward" else "backward"
        found <- PROBES[[operation]](call, arrays)
      }
      found <- lapply(found, array_of)
    },
    error = function(error) {
      answer <<- failed(answer, stage, error)
      found <<- list()
    }
  )
  answer$microseconds <- max(0, round(microseconds() - started, 1))
  if (!is.null(found$values)) {
    answer["shape"] <- list(whole(found$values$shape))
    answer$dtype <- found$values$dtype
  }
  list(header = answer, arrays = found)
}
