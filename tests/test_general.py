"""General models in the place of a cardiac one: tiny random checkpoints in the real formats."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from cmrclip_lite.cli import main
from cmrclip_lite.errors import CheckpointError, StudyError
from cmrclip_lite.frames import spread_frames, study_to_clip, to_8bit
from cmrclip_lite.general.config import GeneralConfig, GeneralText, GeneralVideo
from cmrclip_lite.hub import load
from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Sequence, Series, Study, View
from tests.demo.tiny import beating_exam
from tests.general_checkpoint import MEAN, SIZE, STD, TEXT_LENGTH, save_checkpoint
from tests.hub_server import Ask, HubServer, Repo

KINDS = ("clip", "siglip", "siglip2")
TEXTS = ["The left ventricle is dilated.", "Normal", "No effusion, " * 12]


@pytest.fixture(scope="module")
def transformers():
    return pytest.importorskip(
        "transformers", reason="general models need the extra 'baselines' (transformers)"
    )


@pytest.fixture(scope="module")
def checkpoints(transformers, tmp_path_factory) -> dict[str, Path]:
    return {kind: save_checkpoint(kind, tmp_path_factory.mktemp(kind)) for kind in KINDS}


@pytest.fixture(scope="module")
def models(checkpoints):
    return {kind: load(folder, device="cpu") for kind, folder in checkpoints.items()}


def config(**changes) -> GeneralConfig:
    values = {
        "model_type": "clip",
        "video": GeneralVideo(SIZE),
        "text": GeneralText(100, TEXT_LENGTH),
        "projection_dim": 24,
        "mean": tuple(MEAN),
        "std": tuple(STD),
        "resample": "bicubic",
        "architecture": {},
    }
    return GeneralConfig(**(values | changes))


def series(view: View, kind: Sequence, phases: int, number: int = 0) -> Series:
    pixels = np.random.default_rng(number).integers(0, 900, (phases, 40, 60)).astype(np.int16)
    return Series(pixels, (1.5, 1.5), view=view, sequence=kind)


def full_study() -> Study:
    stack = [series(View.SAX, Sequence.CINE, 25, i) for i in range(10)]
    stills = [series(View.SAX, Sequence.LGE, 1, i) for i in range(9)]
    return Study([*stack, *stills, series(View.FOUR_CHAMBER, Sequence.CINE, 25)])


def test_pictures_are_spread_over_views_slices_and_phases():
    study = full_study()
    chosen = spread_frames(study, 24)
    assert Counter((s.view, s.sequence) for s, _ in chosen) == {
        (View.SAX, Sequence.CINE): 8,
        (View.SAX, Sequence.LGE): 8,
        (View.FOUR_CHAMBER, Sequence.CINE): 8,
    }
    places = {id(s): i for i, s in enumerate(study.series)}
    slices = [places[id(s)] for s, _ in chosen[:8]]
    assert len(set(slices)) == 8 and slices == sorted(slices)
    phases = sorted(phase for s, phase in chosen if s.view is View.FOUR_CHAMBER)
    # No two of the eight pictures of the one slice are close, and none is far from the next.
    gaps = np.diff([*phases, phases[0] + 25])
    assert min(gaps) >= 1 and max(gaps) <= 5
    assert all(phase == 0 for s, phase in chosen if s.sequence is Sequence.LGE)


def test_a_study_of_few_pictures_shows_some_again_and_one_of_none_is_refused():
    alone = Study([series(View.UNKNOWN, Sequence.UNKNOWN, 1)])
    assert len(spread_frames(alone, 24)) == 24
    with pytest.raises(StudyError, match="no images"):
        spread_frames(Study([]), 24)


def test_every_clip_has_the_same_shape_and_the_middle_square_of_each_picture():
    clip = study_to_clip(full_study(), config())
    assert clip.tensor.shape == (24, 3, SIZE, SIZE) and "24 pictures" in clip.notes[0]
    # A bright band in the middle third of a wide picture fills more than a third of its square.
    pixels = np.zeros((1, 30, 60), np.int16)
    pixels[:, :, 20:40] = 1000
    banded = Study([Series(pixels, (1.0, 1.0))])
    frame = study_to_clip(banded, config()).tensor[0] * torch.tensor(STD)[:, None, None]
    bright = (frame + torch.tensor(MEAN)[:, None, None]) > 0.5
    assert bright.float().mean() == pytest.approx(20 / 30, abs=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_encoded_as_transformers_does(transformers, models, kind):
    """From the picture on: its own processor, its own model."""
    from PIL import Image

    model = models[kind]
    if kind == "siglip2":
        processor = transformers.Siglip2ImageProcessorPil(
            image_mean=MEAN, image_std=STD, resample=3, patch_size=8, max_num_patches=16
        )
    else:
        name = {"clip": "CLIPImageProcessorPil", "siglip": "SiglipImageProcessorPil"}[kind]
        sizes = {"size": {"height": SIZE, "width": SIZE}}
        if kind == "clip":
            sizes = {"size": {"shortest_edge": SIZE}, "crop_size": sizes["size"]}
        processor = getattr(transformers, name)(image_mean=MEAN, image_std=STD, **sizes)
    rows, columns, phases = np.mgrid[:40, :40, :25]
    waves = 400 * (1 + np.sin(rows / 5 + phases / 4) * np.cos(columns / 7))
    square = Study([Series(waves.transpose(2, 0, 1), (1.5, 1.5))])
    chosen = spread_frames(square, model.config.video.num_frames)
    grey = [to_8bit(s.pixels)[phase] for s, phase in chosen]
    images = [Image.fromarray(picture).convert("RGB") for picture in grey]
    given = processor(images=images, return_tensors="pt")
    clip = study_to_clip(square, model.config).tensor
    with torch.inference_mode():
        theirs = normalize(model.towers.get_image_features(**given).pooler_output, dim=-1)
        ours = model.encode_pictures(clip)
        whole = model.encode_clip(clip[None])[0]
    # PIL rounds to 8 bits between its two passes of resizing.
    assert (ours * theirs).sum(dim=1).min() > 0.999
    torch.testing.assert_close(whole, normalize(ours.mean(0), dim=-1))
    if kind != "siglip2":
        assert (given["pixel_values"] - clip).abs().max() < 0.03
        with torch.inference_mode():
            exact = normalize(model.towers.get_image_features(clip).pooler_output, dim=-1)
        torch.testing.assert_close(ours, exact)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_encoded_as_transformers_does(transformers, checkpoints, models, kind):
    model = models[kind]
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(checkpoints[kind] / "tokenizer.json"),
        pad_token="</s>",
        eos_token="</s>",
        padding_side="right",
    )
    fill = "longest" if kind == "clip" else "max_length"
    texts = TEXTS
    if kind == "siglip":  # its own tokenizer takes out punctuation
        texts = [text.replace(".", "").replace(",", "") for text in TEXTS]
    given = tokenizer(
        texts, padding=fill, truncation=True, max_length=TEXT_LENGTH, return_tensors="pt"
    )
    with torch.inference_mode():
        features = model.towers.get_text_features(input_ids=given["input_ids"])
    theirs = normalize(features.pooler_output, dim=-1)
    torch.testing.assert_close(model.encode_text(TEXTS), theirs)
    # Alone or beside a longer one, a text is the same.
    torch.testing.assert_close(model.encode_text(TEXTS[1:2])[0], theirs[1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_general_model_scores_a_study_and_words_that_it_does_not_know_are_told(models, kind):
    scores = models[kind].score(full_study(), ["LV dilation", "aunt's umbrella"])
    assert [score.key for score in scores] == ["lv_dilation", None]
    assert all(-1 <= score.similarity <= 1 and score.percentile is None for score in scores)
    assert any("unknown to the model" in note for note in scores[1].notes)


def test_the_identity_is_of_the_content(transformers, checkpoints, models, tmp_path):
    """The same weights as a pickle are the same model; another normalisation is another."""
    pickled = save_checkpoint("clip", tmp_path / "pickled", pickled=True)
    again = load(pickled, device="cpu")
    assert not (pickled / "model.safetensors").exists()
    assert again.encode_text(TEXTS).equal(models["clip"].encode_text(TEXTS))
    # Written by the same call, so config.json is the same.
    assert again.identity == models["clip"].identity
    told = json.loads((pickled / "preprocessor_config.json").read_text())
    told["image_std"] = [0.5, 0.5, 0.5]
    (pickled / "preprocessor_config.json").write_text(json.dumps(told))
    assert load(pickled, device="cpu").identity != models["clip"].identity


def edited(folder: Path, name: str, **changes: object) -> None:
    path = folder / name
    data = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({k: v for k, v in data.items() if v is not None}))


def test_a_checkpoint_that_lacks_something_is_refused_with_what(transformers, tmp_path):
    from safetensors.torch import load_file, save_file

    def broken(name: str) -> Path:
        return save_checkpoint("siglip", tmp_path / name)

    folder = broken("weights")
    state = load_file(folder / "model.safetensors")
    del state["vision_model.embeddings.patch_embedding.weight"]
    save_file(state, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="weights: .* 1 are missing, such as vision_model"):
        load(folder)

    folder = broken("processor")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(CheckpointError, match="neither preprocessor_config.json"):
        load(folder)

    folder = broken("way")
    edited(folder, "preprocessor_config.json", resample=1)
    with pytest.raises(CheckpointError, match="resamples in way 1"):
        load(folder)

    folder = broken("colours")
    edited(folder, "preprocessor_config.json", image_std=[0.5, 0, 0.5])
    with pytest.raises(CheckpointError, match="no usable image_std"):
        load(folder)

    folder = broken("padding")
    edited(folder, "tokenizer_config.json", pad_token="<pad>")
    with pytest.raises(CheckpointError, match="does not know '<pad>'"):
        load(folder)

    folder = broken("words")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match="There is no tokenizer.json"):
        load(folder)


def test_code_that_a_checkpoint_brings_is_not_run(transformers, tmp_path):
    folder = save_checkpoint("clip", tmp_path / "clip")
    edited(folder, "config.json", auto_map={"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"})
    ran = tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(ran)!r}, 'w')\nclass Evil: pass\n")
    load(folder)
    assert not ran.exists()


def test_a_processor_in_the_newer_file_is_read(transformers, tmp_path, models):
    folder = save_checkpoint("clip", tmp_path / "clip")
    told = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": told}))
    assert load(folder, device="cpu").identity == models["clip"].identity


@pytest.mark.slow
def test_from_the_hub_nothing_is_fetched_but_what_is_read(
    transformers, server: HubServer, ask: Ask, checkpoints, tmp_path
):
    files = {path.name: path.read_bytes() for path in checkpoints["siglip"].iterdir()}
    commit = server.repos.setdefault("heart/general", Repo()).commit(
        files | {"modeling_evil.py": b"boom", "flax_model.msgpack": b"not wanted"}, "main", "v1"
    )
    told = ask("heart/general@v1", cache_dir=str(tmp_path))
    assert told.get("name") == f"heart/general@{commit[:12]}", told
    assert told["identity"] == load(checkpoints["siglip"], device="cpu").identity
    fetched = {r.removeprefix("GET heart/general ") for r in server.requests if r[:3] == "GET"}
    assert {name for name in fetched if "." in name} == {
        "config.json", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json",
    }  # fmt: skip
    assert len(fetched) == 5  # and the weights, by their digest


@pytest.mark.slow
def test_a_library_is_built_and_searched_with_a_general_model(
    transformers, checkpoints, tmp_path, capsys
):
    """The commands do not know the difference."""
    exams = tmp_path / "exams"
    exams.mkdir()
    for i in range(3):
        beating_exam(exams / f"exam-{i}.zip", slices=3 + i)
    (tmp_path / "reports.csv").write_text(
        "id,impression,findings\n"
        "exam-0,Normal cardiac MRI.,normal_study\n"
        "exam-1,The left ventricle is dilated.,lv_dilation\n"
        "exam-2,No effusion.,lv_dilation\n"
    )
    out, model = str(tmp_path / "library"), str(checkpoints["clip"])
    build = ["library", "build", str(exams), "--reports", str(tmp_path / "reports.csv")]
    assert main([*build, "--out", out, "--model", model]) == 0
    library = CaseLibrary.open(out)
    assert len(library) == 3 and library.layout == "frames" and library.width == 24
    capsys.readouterr()
    exam = str(exams / "exam-0.zip")
    assert main(["score", exam, "--model", model, "--library", out, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["scores"]) == 23 and told["scores"][0]["cases"] == 3
    assert {case["id"] for case in told["similar"]} <= {"exam-1", "exam-2"}
    study = read_study(exam)
    ours = load(model, device="cpu").encode_study(study).numpy()
    (stored,) = library.get(["exam-0"])
    np.testing.assert_allclose(ours, stored.embedding, atol=1e-5)


@pytest.mark.parametrize(
    "options", [{"max_memory": 10**9}, {"quantize": "int8"}, {"skip_padding": True}]
)
def test_an_option_that_would_do_nothing_is_refused(checkpoints, options):
    with pytest.raises(CheckpointError, match=f"{next(iter(options))}: for cardiac models only"):
        load(checkpoints["clip"], device="cpu", **options)
