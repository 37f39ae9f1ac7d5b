"""Layouts of data sets as the world has them, each known by what is in it."""
