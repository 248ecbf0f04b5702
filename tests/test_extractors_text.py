import time
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.extractors import DATA
from exporter.extractors.non_letter_ratio import NonLetterRatio
from exporter.extractors.oov_ratio import OovRatio
from exporter.extractors.text_length import TextLength
from exporter.extractors.word_count import WordCount

REFERENCE = ["The cat sat on the mat.", "The dog sat, too!", "A cat isn't a dog", None]


@pytest.fixture(scope="module")
def vocabulary():
    return OovRatio(minimum=1).fit(REFERENCE, 0)


@pytest.fixture(scope="module")
def extractors(vocabulary):
    return TextLength(), WordCount(), NonLetterRatio(), vocabulary


@pytest.mark.parametrize(
    ("text", "length", "words", "non_letters"),
    [
        ("", 0, 0, None),
        ("   \n\t", 5, 0, None),
        ("The cat sat.", 12, 3, 1 / 10),
        ("Don't panic", 11, 2, 1 / 10),
        ("l\u2019arbre", 7, 1, 1 / 7),
        ("a-b c_d 42", 10, 4, 4 / 8),
        ("...", 3, 0, 1),
        ("\u00fcber na\u00efve", 10, 2, 0),
        ("u\u0308ber", 5, 1, 0),
        ("\u0928\u092e\u0938\u094d\u0924\u0947", 6, 1, 0),
        ("\u4f60\u597d\u4e16\u754c", 4, 1, 0),
        ("\U0001f600 ok", 4, 1, 1 / 3),
        ("\ud800", 1, 0, 1),
    ],
)
def test_lengths_words_and_letters_are_what_one_counts_by_hand(text, length, words, non_letters):
    assert TextLength().extract(text) == length
    assert WordCount().extract(text) == words
    assert NonLetterRatio().extract(text) == (non_letters if non_letters is None else pytest.approx(non_letters))


def test_unknown_words_are_a_share_of_all_words(vocabulary):
    assert vocabulary.fitted == ("a", "cat", "dog", "isn't", "mat", "on", "sat", "the", "too")
    assert vocabulary.extract("the CAT sat") == 0
    assert vocabulary.extract("The zebra sat on Monday") == 2 / 5
    assert vocabulary.extract("Quousque tandem, Catilina?") == 1
    assert vocabulary.extract("isn't") == 0


@pytest.mark.parametrize("text", ["", "  ", "...!", None])
def test_a_text_without_words_has_no_share_of_unknown_ones(vocabulary, text):
    assert vocabulary.extract(text) is None


def test_words_that_are_rare_in_the_reference_are_not_kept():
    fitted = OovRatio().fit(REFERENCE, 0)
    assert fitted.fitted == ("a", "cat", "dog", "sat", "the")
    with pytest.raises(ValueError, match="no word that occurs 9 times"):
        OovRatio(minimum=9).fit(REFERENCE, 0)


def test_the_vocabulary_holds_the_most_frequent_words_and_no_more():
    texts = [f"common word{i} word{i % 7}" for i in range(500)]
    fitted = OovRatio(vocabulary=8, minimum=1).fit(texts, 0)
    assert fitted.fitted == ("common", "word0", "word1", "word2", "word3", "word4", "word5", "word6")


def test_the_vocabulary_does_not_depend_on_the_order_or_the_seed():
    texts = [f"{i % 5} {i % 7} tie{i}" for i in range(50)]
    make = OovRatio(vocabulary=20, minimum=1)
    assert make.fit(texts, 1) == make.fit(texts[::-1], 2)


def test_a_word_of_any_length_costs_a_bounded_place_in_the_profile():
    fitted = OovRatio(minimum=1).fit(["x" * 10**6, "\ufb03" * 100], 0)
    assert [len(word) for word in fitted.fitted] == [192, 64]
    assert msgspec.json.decode(msgspec.json.encode(fitted), type=OovRatio) == fitted
    assert fitted.extract("x" * 10**6) == 0


def test_a_profile_gives_back_the_same_scores(vocabulary):
    again = msgspec.json.decode(msgspec.json.encode(vocabulary), type=OovRatio)
    assert again == vocabulary
    assert again.extract("the cat ate") == vocabulary.extract("the cat ate") == 1 / 3


def test_a_vocabulary_that_was_not_learned_says_so():
    with pytest.raises(ValueError, match="has not been fitted"):
        OovRatio().extract("text")
    with pytest.raises(ValueError, match=r"0 usable data and 1 are needed; of 2 refused the first: a int is no text"):
        OovRatio().fit([7, b"x", None], 0)


@pytest.mark.parametrize(
    "options", [{"vocabulary": 0}, {"vocabulary": 100_001}, {"minimum": 0}, {"fitted": ["x" * 193]}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(options, DATA["oov_ratio"])


@given(text=st.none() | st.text())
@settings(max_examples=300, deadline=5000)
def test_any_text_has_values_in_their_range_or_none(extractors, text):
    length, words, non_letters, unknown = (extractor.extract(text) for extractor in extractors)
    if text is None:
        assert (length, words, non_letters, unknown) == (None, None, None, None)
        return
    assert length == len(text)
    assert 0 <= words <= length
    assert non_letters is None or 0 <= non_letters <= 1
    assert (unknown is None) == (words == 0)
    assert unknown is None or 0 <= unknown <= 1


@given(datum=st.binary() | st.integers() | st.floats() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()))
def test_what_is_no_text_is_refused(extractors, datum):
    for extractor in extractors:
        with pytest.raises(ValueError, match="is no text"):
            extractor.extract(datum)


@given(data=st.lists(st.text(max_size=20) | st.integers() | st.none()), seed=st.integers(0, 99))
def test_any_reference_of_texts_is_learned_or_refused(data, seed):
    with suppress(ValueError):
        fitted = OovRatio(minimum=1).fit(data, seed)
        assert all(fitted.extract(text) in (0, None) for text in data if isinstance(text, str))
        assert msgspec.json.decode(msgspec.json.encode(fitted), type=OovRatio) == fitted


@pytest.mark.parametrize("text", ["a" * 10**6, "a'" * 500_000, "' " * 500_000, "a b " * 250_000, "\u0301" * 10**6])
def test_a_million_characters_take_a_moment(extractors, text):
    started = time.monotonic()
    for extractor in extractors:
        extractor.extract(text)
    assert time.monotonic() - started < 5
