"""The version of this package; the build reads it from here, and it stands nowhere else."""

__all__ = ["__version__"]

__version__ = "0.1.0"
