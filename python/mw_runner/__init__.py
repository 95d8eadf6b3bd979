"""The process of one model: see ../serve_model.py."""
