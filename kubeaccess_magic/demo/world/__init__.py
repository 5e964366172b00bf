"""The built-in world: the objects of the demo cluster, and the apps that listen at its addresses."""
