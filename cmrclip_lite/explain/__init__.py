"""Which places of a study, and which views and phases, a similarity rests on.

Both are told against the same study with every structure dissolved into its surroundings (blurred),
and both add up to what the sharp clip has over that one.

Places: integrated gradients in scale (blur integrated gradients: Xu et al., CVPR 2020; the integral
is that of Sundararajan et al., ICML 2017). The clip comes into focus, and each place is credited
with what its change brings.

Views and phases: Shapley values of the images, by random orders (Castro et al., Computers &
Operations Research 36:1726, 2009). Each image is credited with what it brings when it joins those
before it. What the map's places add up to tells far less well which images the similarity needs.

How far this can be believed is measured (`evaluate.explanations`): it says what this model's number
rests on, which need not be what a reader would look at, or what is wrong with the heart.
"""

from .dissolving import dissolve, similarities, smooth
from .explanation import LITTLE, Explanation, explain
from .images import ORDERS, Contribution, shapley_values
from .saliency import GRAIN, STEPS, integrated_gradients

__all__ = [
    "GRAIN",
    "LITTLE",
    "ORDERS",
    "STEPS",
    "Contribution",
    "Explanation",
    "dissolve",
    "explain",
    "integrated_gradients",
    "shapley_values",
    "similarities",
    "smooth",
]
