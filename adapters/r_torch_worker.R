# The worker's loop in R, for the torch package: frames as in protocol.py, requests and answers as in worker.py.
#
# Usage: Rscript r_torch_worker.R REQUEST_FD ANSWER_FD, started by the host.

PROTOCOL <- 1L
MAX_HEADER <- 2^24
MAX_PAYLOAD <- 2^30
ITEMSIZE <- c(float16 = 2, bfloat16 = 2, float32 = 4, float64 = 8, int64 = 8)

# ---- frames ---------------------------------------------------------------------------------------------

# Exactly `size` bytes; NULL at the end of the stream.
read_bytes <- function(connection, size) {
  if (size == 0) return(raw(0))
  data <- readBin(connection, "raw", size)
  if (length(data) == 0) return(NULL)
  while (length(data) < size) {
    more <- readBin(connection, "raw", size - length(data))
    if (length(more) == 0) stop("the requests end within a frame")
    data <- c(data, more)
  }
  data
}

# list(header, arrays), where each array is list(dtype, shape, bytes); NULL where the host has closed.
read_frame <- function(connection) {
  start <- read_bytes(connection, 8)
  if (is.null(start)) return(NULL)
  size <- sum(as.numeric(as.integer(start)) * 256^(0:7))
  if (size < 2 || size > MAX_HEADER) stop("a header of ", size, " bytes")
  text <- rawToChar(read_bytes(connection, size))
  Encoding(text) <- "UTF-8"
  header <- jsonlite::fromJSON(text, simplifyVector = FALSE)
  arrays <- list()
  for (entry in header$arrays) {
    shape <- as.numeric(unlist(entry[[3]]))
    bytes <- ITEMSIZE[[entry[[2]]]] * prod(shape)
    arrays[[entry[[1]]]] <- list(dtype = entry[[2]], shape = shape, bytes = read_bytes(connection, bytes))
  }
  list(header = header, arrays = arrays)
}

write_frame <- function(connection, header, arrays = list()) {
  header$arrays <- lapply(names(arrays), function(name) {
    list(name, arrays[[name]]$dtype, whole(arrays[[name]]$shape))
  })
  text <- charToRaw(enc2utf8(json(header)))
  text <- c(text, rep(charToRaw(" "), -length(text) %% 8))
  size <- as.raw(length(text) %/% 256^(0:7) %% 256)
  writeBin(c(size, text, unlist(lapply(arrays, `[[`, "bytes"), use.names = FALSE)), connection)
  flush(connection)
}

# Numbers that JSON shall show as a list, however many they are.
whole <- function(numbers) structure(as.list(numbers), names = NULL)

# A list with names is an object, one without a list, an atomic value itself.  jsonlite is slow at so little.
json <- function(value) {
  if (is.null(value)) return("null")
  if (is.list(value)) {
    items <- vapply(value, json, "")
    if (!is.null(names(value))) {
      return(paste0("{", paste0(vapply(names(value), quoted, ""), ":", items, collapse = ","), "}"))
    }
    if (inherits(value, "object")) return("{}")
    return(paste0("[", paste0(items, collapse = ","), "]"))
  }
  if (is.character(value)) return(quoted(value))
  if (is.logical(value)) return(if (value) "true" else "false")
  if (value == trunc(value)) format(value, scientific = FALSE, trim = TRUE) else sprintf("%.15g", value)
}

quoted <- function(text) {
  if (grepl("^[A-Za-z0-9 _.:,-]*$", text)) return(paste0('"', text, '"'))
  as.character(jsonlite::toJSON(text, auto_unbox = TRUE))
}

EMPTY_OBJECT <- structure(list(), class = "object")

# ---- tensors --------------------------------------------------------------------------------------------

dtype_of <- function(name) {
  switch(name,
    float16 = torch::torch_float16(), bfloat16 = torch::torch_bfloat16(),
    float32 = torch::torch_float32(), float64 = torch::torch_float64(),
    stop("no such dtype here: ", name)
  )
}

# The name on the wire of a tensor's dtype.
dtype_name <- function(tensor) {
  name <- tensor$dtype$.type()
  known <- c(Half = "float16", BFloat16 = "bfloat16", Float = "float32", Double = "float64", Long = "int64")
  if (name %in% names(known)) known[[name]] else tolower(name)
}

tensor_of <- function(array) {
  if (prod(array$shape) == 0) return(torch::torch_empty(array$shape, dtype = dtype_of(array$dtype)))
  # The tensor shares the bytes, which R may collect: a copy of its own.
  torch::torch_tensor_from_buffer(array$bytes, array$shape, dtype = dtype_of(array$dtype))$clone()
}

array_of <- function(tensor) {
  tensor <- tensor$detach()$contiguous() # the bytes are read as they lie, whatever the strides
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

# One number where all dimensions agree and the case wants it short, as a user would write it.
spelled <- function(case, values) {
  values <- as.numeric(unlist(values))
  if (case$spelling == "plain" && length(unique(values)) == 1) values[[1]] else values
}

arguments_of <- function(case) {
  list(
    stride = spelled(case, case$stride),
    padding = spelled(case, lapply(case$padding, `[[`, 1)),
    output_padding = spelled(case, case$output_padding),
    groups = case$groups,
    dilation = spelled(case, case$dilation)
  )
}

# A call stage by stage: an environment with construct(), forward() and backward(output, grad).
call_of <- function(implementation, case, arrays) {
  about <- IMPLEMENTATIONS[[implementation]]
  if (is.null(about)) stop("no such implementation here: ", implementation)
  make <- getExportedValue("torch", about$make)
  tensors <- lapply(arrays[intersect(c("x", "w", "b"), names(arrays))], tensor_of)
  x <- tensors$x$requires_grad_(TRUE)
  arguments <- arguments_of(case)
  layer <- NULL
  parameters <- list()

  construct <- function() {
    if (!about$module) {
      parameters <<- lapply(tensors[names(tensors) != "x"], function(tensor) tensor$requires_grad_(TRUE))
      return(EMPTY_OBJECT)
    }
    sizes <- list(case$in_channels, case$out_channels, spelled(case, case$kernel_size))
    layer <<- do.call(make, c(sizes, arguments, list(bias = case$bias)))
    # The constructor has no dtype.
    if (case$dtype != "float32") layer$to(dtype = dtype_of(case$dtype))
    made <- layer$parameters
    parameters <<- c(list(layer$weight), if (case$bias) list(layer$bias))
    loaded <- tensors[c("w", if (case$bias) "b")]
    torch::with_no_grad(for (i in seq_along(parameters)) {
      # where the shapes differ, the check of parameters says so
      if (identical(parameters[[i]]$shape, loaded[[i]]$shape)) parameters[[i]]$copy_(loaded[[i]])
    })
    described <- lapply(made, function(p) list(whole(p$shape), dtype_name(p)))
    if (length(described)) described else EMPTY_OBJECT
  }

  forward <- function() {
    if (!about$module) return(do.call(make, c(list(x, tensors$w, tensors$b), arguments)))
    if (is.null(case$output_size)) layer(x) else layer(x, output_size = as.numeric(unlist(case$output_size)))
  }

  backward <- function(output, grad) {
    inputs <- unname(c(list(x), parameters))
    gradients <- torch::autograd_grad(list(output), inputs, grad_outputs = list(grad), allow_unused = TRUE)
    names(gradients) <- c("grad_input", "grad_weight", "grad_bias")[seq_along(inputs)]
    Filter(function(gradient) inherits(gradient, "torch_tensor"), gradients)
  }

  environment()
}

first_line <- function(text) {
  text <- strsplit(trimws(text), "\n", fixed = TRUE)[[1]]
  substr(if (length(text)) text[[1]] else "", 1, 1000)
}

microseconds <- function() as.numeric(Sys.time()) * 1e6

# One call of one implementation: the answer's header fields and its arrays.
run <- function(implementation, case, arrays) {
  answer <- list(
    status = "ok", stage = "", message = "", parameters = EMPTY_OBJECT, shape = NULL, dtype = NULL
  )
  out <- list()
  spent <- 0
  stage <- "construct"
  began <- started <- microseconds()
  tryCatch(
    {
      call <- call_of(implementation, case, arrays)
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
        grad <- arrays$g
        if (!is.null(grad) && identical(grad$shape, shape)) {
          stage <- "backward"
          grad <- tensor_of(grad)
          started <- microseconds()
          gradients <- call$backward(output, grad)
          spent <- spent + microseconds() - started
          out <- c(out, lapply(gradients, array_of))
        }
      }
    },
    error = function(error) {
      answer$status <<- "raised"
      answer$stage <<- stage
      answer$message <<- paste0(class(error)[[1]], ": ", first_line(conditionMessage(error)))
      if (stage != "output") spent <<- spent + microseconds() - started
    }
  )
  answer$microseconds <- max(0, round(spent, 1))
  list(header = answer, arrays = out)
}

answer_run <- function(answers, header, arrays) {
  began <- microseconds()
  for (implementation in header$implementations) {
    done <- run(implementation, header$case, arrays)
    now <- microseconds()
    done$header$busy <- max(0, round(now - began, 1))
    began <- now
    head <- list(type = "answer", id = header$id, implementation = implementation)
    write_frame(answers, c(head, done$header), done$arrays)
  }
}

# What the host may ask, by the request's type.
REQUESTS <- list(run = answer_run)

answer_unsupported <- function(answers, header, arrays) {
  write_frame(answers, list(
    type = "answer", id = header$id, status = "unsupported", stage = "",
    message = paste0("the worker of R torch answers no request of type '", header$type, "'")
  ))
}

# ---- the loop -------------------------------------------------------------------------------------------

hello <- function() {
  if (!torch::torch_is_installed()) stop("libtorch is missing: torch::install_torch() installs it")
  torch::torch_set_num_threads(1)
  torch::torch_manual_seed(0)
  list(
    type = "hello", protocol = PROTOCOL, framework = "r.torch",
    version = as.character(utils::packageVersion("torch")),
    python = "", numpy = "", r = as.character(getRversion()),
    device = "cpu", dtypes = list("float32", "float64"),
    implementations = as.list(sort(names(IMPLEMENTATIONS)))
  )
}

serve <- function(request_fd, answer_fd) {
  requests <- file(paste0("/dev/fd/", request_fd), "rb")
  answers <- file(paste0("/dev/fd/", answer_fd), "wb")
  greeting <- tryCatch(hello(), error = function(error) {
    list(type = "failed", message = first_line(conditionMessage(error)))
  })
  write_frame(answers, greeting)
  if (greeting$type == "failed") quit(save = "no", status = 1)
  while (!is.null(frame <- read_frame(requests))) {
    answer <- REQUESTS[[frame$header$type]]
    if (is.null(answer)) answer <- answer_unsupported
    answer(answers, frame$header, frame$arrays)
  }
}

options(warn = 1)
arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 2) {
  stop("started by the host: Rscript r_torch_worker.R REQUEST_FD ANSWER_FD", call. = FALSE)
}
serve(arguments[[1]], arguments[[2]])
