"""``python -m conv_transpose_conformance`` and the ``conformance`` command."""

from conv_transpose_conformance.cli import main

if __name__ == "__main__":
    main()
