"""MXNet's operators as ONNX's, a function for each."""
