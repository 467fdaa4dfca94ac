"""The RPC contracts as Python: generated code (``python -m ci.generate_rpc``) and its codecs."""
