"""What is measured: performance, and how each modality is used."""
