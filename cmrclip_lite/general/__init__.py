"""General-purpose image-text models in the place of a cardiac one, to compare with.

`hub.load("openai/clip-vit-base-patch32")` gives one: a CLIP or SigLIP model of single pictures,
whose embeddings of the pictures of a study are averaged. `config.py` reads what such a checkpoint
says of itself, `model.py` is the model. The towers are those of `transformers` (extra `baselines`).
"""
