"""A trained model outside of the chapters; its rooms are imported one by one."""
