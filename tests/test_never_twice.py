"""Nothing is encoded twice, and nothing is taken for what it is not."""

from __future__ import annotations

import copy
import json
import pickle
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.library_faults import write_exams
from cmrclip_lite import hub
from cmrclip_lite.bundled import sample_studies
from cmrclip_lite.cache_folder import VARIABLE
from cmrclip_lite.cli import main
from cmrclip_lite.embedding_cache import FILE, EmbeddingCache
from cmrclip_lite.frames import study_to_clip
from cmrclip_lite.hub import load, save
from cmrclip_lite.library import CaseLibrary, CaseRecord
from cmrclip_lite.library.build import plan_exams
from cmrclip_lite.library.build.prepare import Failure, embed, prepare
from cmrclip_lite.reading import Reader
from cmrclip_lite.study import Study
from tests.general_checkpoint import save_checkpoint
from tests.robustness.exams import exam
from tests.small_checkpoint import small_model

TEXTS = ["left ventricle is dilated", "normal", "right ventricle"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A small checkpoint."""
    folder = tmp_path_factory.mktemp("checkpoint")
    save(small_model(folder), folder)
    return folder


@pytest.fixture(scope="module")
def study() -> Study:
    return exam(slices=3, phases=4)


def counted(model) -> Counter:
    """How many clips and texts its encoders see from here on."""
    seen: Counter = Counter()
    towers = {"clips": model.video_model, "texts": model.text_model}
    for what, tower in towers.items():
        tower.register_forward_pre_hook(
            lambda _, given, what=what: seen.update({what: len(given[0])})
        )
    return seen


def test_another_question_costs_no_look_at_the_pictures(folder, study, tmp_path):
    model = load(folder, device="cpu", cache=tmp_path)
    seen = counted(model)
    first = model.score(study, ["left ventricle is dilated"])[0].similarity
    assert seen["clips"] == 1 and seen["texts"] > 0
    asked = seen["texts"]
    again = model.score(study, ["normal", "left ventricle is dilated"])
    assert seen["clips"] == 1 and again[1].similarity == pytest.approx(first, abs=1e-6)
    assert asked < seen["texts"] <= 2 * asked  # the prompts of the new one alone
    # Another process, and the model under another name.
    later = load(folder, device="cpu", cache=tmp_path)
    later.name = "another"
    seen = counted(later)
    assert later.score(study, ["left ventricle is dilated"])[0].similarity == first
    assert not seen


def test_cached_vectors_are_those_of_the_encoders(folder, study, tmp_path):
    plain, kept = (load(folder, device="cpu", cache=cache) for cache in (False, tmp_path))
    for _ in range(2):
        torch.testing.assert_close(kept.encode_study(study), plain.encode_study(study))
        torch.testing.assert_close(kept.encode_text(TEXTS), plain.encode_text(TEXTS))
        assert kept.encode_text([]).shape == (0, 8)
    # Not of unit length, they are not kept.
    seen = counted(kept)
    raw = kept.encode_study(study, normalize=False)
    torch.testing.assert_close(raw, plain.encode_study(study, normalize=False))
    kept.encode_text(TEXTS, normalize=False)
    assert seen == {"clips": 1, "texts": 3}
    # What comes from the cache may meet what is trained.
    weight = torch.ones(8, requires_grad=True)
    (kept.encode_text(TEXTS) @ weight).sum().backward()
    assert weight.grad is not None


def test_only_what_is_missing_is_encoded_in_order_and_once(folder, tmp_path):
    model = load(folder, device="cpu", cache=tmp_path)
    generator = torch.Generator().manual_seed(0)
    short = [torch.randn(3, 3, 16, 16, generator=generator) for _ in range(3)]
    long = torch.randn(5, 3, 16, 16, generator=generator)
    expected = [model.encode_clip(clip[None])[0].detach().numpy() for clip in (*short, long)]
    seen, batches = counted(model), []
    model.embed_clips([short[1]])

    def encode(batch: torch.Tensor) -> np.ndarray:
        batches.append(tuple(batch.shape[:2]))
        return model.encode_clip(batch).numpy()

    asked = [long, short[0], short[1].numpy(), short[2], short[0]]
    found = model.embed_clips(asked, encode)
    places = (3, 0, 1, 2, 0)
    np.testing.assert_allclose(found, [expected[i] for i in places], atol=1e-6)
    assert sorted(batches) == [(1, 5), (2, 3)] and seen["clips"] == 4
    model.embed_texts([*TEXTS, TEXTS[0]])
    model.embed_texts([TEXTS[1], "left"])
    assert seen["texts"] == 4


def test_another_model_layout_or_arithmetic_has_other_embeddings(folder, study, tmp_path):
    model = load(folder, device="cpu", cache=tmp_path / "cache")
    clip = study_to_clip(study, model.config).tensor
    model.embed_clips([clip])

    def misses(other) -> int:
        other.cache = model.cache
        seen = counted(other)
        other.embed_clips([clip])
        return seen["clips"]

    assert misses(load(folder, device="cpu")) == 0
    wider = replace(model.config, layout=replace(model.config.layout, spacing_mm=4.0))
    changed = copy.deepcopy(model)
    changed.config = wider
    save(changed, tmp_path / "wider")
    assert misses(load(tmp_path / "wider", device="cpu")) == 1
    half = load(folder, device="cpu", dtype="bfloat16")
    assert half.identity == model.identity and half.arithmetic == "bfloat16"
    assert misses(half) == 1 and misses(half) == 0
    quantised = load(folder, device="cpu")
    quantised.quantized = "int8"
    assert model.arithmetic == "float32" and quantised.arithmetic == "int8"
    assert misses(quantised) == 1
    with torch.autocast("cpu", torch.bfloat16):
        assert misses(load(folder, device="cpu")) == 1
    double = load(folder, device="cpu", dtype="float64")
    assert misses(double) == misses(double) == 1  # a float32 would not hold it
    assert double.encode_study(study).dtype == torch.float64
    assert misses(small_model(tmp_path)) == 1  # of which nobody knows the weights


def test_the_same_weights_with_another_vocabulary_have_other_text_embeddings(folder, tmp_path):
    model = load(folder, device="cpu", cache=EmbeddingCache())
    other = load(folder, device="cpu", cache=model.cache)
    words = json.loads(model.tokenizer.to_str())
    vocabulary = words["model"]["vocab"]
    vocabulary["left"], vocabulary["normal"] = vocabulary["normal"], vocabulary["left"]
    other.tokenizer = type(model.tokenizer).from_str(json.dumps(words))
    assert other.identity == model.identity
    left, normal = model.encode_text(["left", "normal"])
    swapped = other.encode_text(["left", "normal"])
    assert swapped[0].equal(normal) and swapped[1].equal(left)


def test_a_model_that_is_trained_or_written_to_is_no_longer_the_checkpoint(folder, study):
    def loaded():
        return load(folder, device="cpu", cache=EmbeddingCache())

    identity = loaded().identity
    model = loaded().eval()
    assert model.identity == identity
    assert model.to(torch.bfloat16).float().identity == identity
    assert loaded().train().eval().identity == ""
    model = loaded()
    model.load_state_dict(model.state_dict())
    assert model.identity == ""

    model = loaded()
    before = model.encode_study(study)
    with torch.no_grad():
        model.vid_proj[1].weight.add_(1)
    assert model.identity == "" and not torch.allclose(model.encode_study(study), before)
    assert copy.deepcopy(model).identity == ""
    assert model.cache.info().entries == 1


def test_a_copy_of_a_model_is_the_same_checkpoint_until_it_is_changed(folder, study, tmp_path):
    model = load(folder, device="cpu", cache=tmp_path)
    model.encode_study(study)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.identity == model.identity != ""
        seen = counted(other)
        other.encode_study(study)
        assert not seen
        with torch.no_grad():
            other.txt_proj[1].bias.mul_(2)
        assert other.identity == "" and model.identity != ""
    changed = copy.deepcopy(model)
    with torch.no_grad():
        changed.txt_proj[1].bias.mul_(2)
    assert pickle.loads(pickle.dumps(changed)).identity == ""


def test_a_vector_that_is_not_finite_is_returned_and_not_kept(folder):
    model = load(folder, device="cpu", cache=EmbeddingCache())
    clip = torch.full((3, 3, 16, 16), torch.nan)
    seen = counted(model)
    for _ in range(2):
        assert np.isnan(model.embed_clips([clip])).all()
    assert seen["clips"] == 2 and model.cache.info().entries == 0


def test_a_general_model_encodes_nothing_twice_either(study, tmp_path):
    pytest.importorskip("transformers")
    model = load(save_checkpoint("clip", tmp_path / "clip"), device="cpu", cache=tmp_path / "cache")
    plain = load(tmp_path / "clip", device="cpu", cache=False)
    calls: list[str] = []
    for name in ("get_image_features", "get_text_features"):
        method = getattr(model.towers, name)
        setattr(model.towers, name, lambda m=method, n=name, **k: calls.append(n) or m(**k))
    for texts in (["Normal", "No effusion"], ["No effusion"]):  # in batches of other lengths
        torch.testing.assert_close(model.encode_text(texts), plain.encode_text(texts))
        torch.testing.assert_close(model.encode_study(study), plain.encode_study(study))
    assert sorted(calls) == ["get_image_features", "get_text_features"]
    assert model.train().identity == ""


def test_a_build_takes_what_was_embedded_before(folder, tmp_path):
    exams = write_exams(tmp_path / "exams", 3)
    model = load(folder, device="cpu", cache=tmp_path / "cache")
    travelled = pickle.loads(pickle.dumps(model))
    items = plan_exams(exams, exams / "reports.csv").items
    prepared = [prepare(item, model.config, pictures=False) for item in items]
    seen = counted(model)
    cases = embed(model, prepared[:2])
    assert seen["clips"] == 2
    for one in prepared:
        one.clip.flags.writeable = False  # as they come from Ray
    broken = replace(prepared[0], clip=np.full_like(prepared[0].clip, np.nan))
    again = embed(travelled, [broken, *prepared])
    assert isinstance(again[0], Failure)
    for one, other in zip(cases, again[1:3], strict=True):
        assert np.array_equal(one.embedding, other.embedding)
        assert np.array_equal(one.impression_embedding, other.impression_embedding)
    embed(model, prepared)
    assert seen["clips"] == 2


def test_a_reader_looks_once_at_a_study(folder, study, tmp_path):
    model = load(folder, device="cpu", cache=tmp_path / "cache")
    vectors = torch.nn.functional.normalize(torch.randn(40, 8), dim=1).numpy()
    cases = [CaseRecord(f"case-{i}", v, "", ("normal_study",)) for i, v in enumerate(vectors)]
    library = CaseLibrary.create(tmp_path / "library", "made up", model, cases)
    seen = counted(model)
    Reader(model, library).read(study)
    first = dict(seen)
    assert first["clips"] == 1 and Reader(model, library).read(study).similar
    assert seen == first


# The command line.


@pytest.fixture
def kept(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def looks(monkeypatch) -> list[Counter]:
    """What the encoders of each model that is loaded see."""
    found: list[Counter] = []
    usual = hub.load

    def watched(*given, **options):
        model = usual(*given, **options)
        found.append(counted(model))
        return model

    monkeypatch.setattr(hub, "load", watched)
    return found


def test_a_second_command_encodes_nothing_that_the_first_one_did(kept, looks, capsys):
    sample = str(sample_studies()["dilated-cardiomyopathy"])
    asked = ["score", sample, "-c", "left ventricle is dilated", "--json"]
    assert main([*asked, "--no-cache"]) == 0
    assert not kept.exists()
    answers = [capsys.readouterr().out]
    for command in (asked, asked, ["retrieve", sample]):
        assert main(command) == 0
        answers.append(capsys.readouterr().out)
    assert looks[0] == looks[1] and looks[1]["clips"] == 3  # the readings of one study
    assert not looks[2] and not looks[3]
    assert answers[0] == answers[1] == answers[2]

    assert main(["cache"]) == 0
    told = capsys.readouterr().out
    assert "of 200 MB" in told and str(kept) in told
    assert main(["cache", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["on"] and facts["folder"] == str(kept) and facts["limit"] == 200_000_000
    assert facts["entries"] == looks[1]["texts"] + 1 and 0 < facts["bytes"] < 1_000_000
    assert b"dilated" not in (kept / FILE).read_bytes()
    assert main(["cache", "--clear"]) == 0
    assert capsys.readouterr().out.startswith("0 embeddings")


def test_a_cache_that_is_off_says_so(capsys):
    assert main(["cache"]) == 0
    assert VARIABLE in capsys.readouterr().out
    assert main(["cache", "--clear", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"on": False}


def test_a_cache_that_cannot_be_written_does_not_spoil_a_command(kept, capsys):
    kept.write_text("a file in the way")
    assert main(["retrieve", "--text", "LV dilation", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["cases"] and told.err.count("\n") == 1
