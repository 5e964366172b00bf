"""The apps that run in the pods of the demo cluster."""
