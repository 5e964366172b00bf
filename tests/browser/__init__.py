"""Tests in a real JupyterLab, in the system's chromium."""
