"""The face of the Streamlit app: pages and the pieces that they draw; it computes nothing."""
