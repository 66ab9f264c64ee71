"""What learns: encoders, fusion, missing-modality handling, and the fleet that trains them."""
