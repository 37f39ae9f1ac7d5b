"""Serving: a trained model outside of the chapters, in apps and exports."""
