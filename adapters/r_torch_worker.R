# The worker's loop in R, for the torch package: frames as in protocol.py, requests and answers as in worker.py.
#
# Usage: Rscript r_torch_worker.R REQUEST_FD ANSWER_FD, started by the host.

PROTOCOL <- 1L
MAX_HEADER <- 2^24
MAX_PAYLOAD <- 2^30
ITEMSIZE <- c(
  float16 = 2, bfloat16 = 2, float32 = 4, float64 = 8, complex64 = 8, complex128 = 16, int32 = 4, int64 = 8, bool = 1
)

# ---- frames ---------------------------------------------------------------------------------------------

# Reads exactly `size` bytes; returns NULL at the end of the stream.
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

# Reads list(header, arrays), each array a list(dtype, shape, bytes); returns NULL if the host has closed.
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

# Marks numbers that JSON shows as a list, however many they are.
whole <- function(numbers) structure(as.list(numbers), names = NULL)

# Writes JSON: a list with names is an object, one without is a list.  jsonlite is slow for small data.
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

# ---- the loop -------------------------------------------------------------------------------------------

# Handlers by request type; each returns the answer of one implementation.
REQUESTS <- list(
  run = function(header, implementation, arrays) run(implementation, header$case, arrays, list()),
  probe = function(header, implementation, arrays) {
    if (header$operation == "call") return(run(implementation, header$case, arrays, header$options))
    probe(header$operation, implementation, header$case, arrays, header$options)
  }
)

other_request <- function(header, implementation, arrays) {
  words <- paste0("the worker of R torch answers no request of type '", header$type, "'")
  answer <- new_answer(microseconds = 0)
  answer[c("status", "message")] <- list("unsupported", words)
  list(header = answer, arrays = list())
}

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
  requests <- file(paste0("/dev/fd/", request_fd), "rb", raw = TRUE)
  answers <- file(paste0("/dev/fd/", answer_fd), "wb", raw = TRUE)
  greeting <- tryCatch(hello(), error = function(error) {
    list(type = "failed", message = words_of(error))
  })
  write_frame(answers, greeting)
  if (greeting$type == "failed") quit(save = "no", status = 1)
  while (!is.null(frame <- read_frame(requests))) {
    header <- frame$header
    answer <- REQUESTS[[header$type]]
    if (is.null(answer)) answer <- other_request
    began <- microseconds()
    for (implementation in header$implementations) {
      done <- answer(header, implementation, frame$arrays)
      now <- microseconds()
      done$header$busy <- max(0, round(now - began, 1))
      began <- now
      about <- list(type = "answer", id = header$id, implementation = implementation)
      write_frame(answers, c(about, done$header), done$arrays)
    }
  }
}

options(warn = 1)
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)))
source(file.path(here, "r_torch_calls.R"), encoding = "UTF-8")
arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 2) {
  stop("started by the host: Rscript r_torch_worker.R REQUEST_FD ANSWER_FD", call. = FALSE)
}
serve(arguments[[1]], arguments[[2]])
