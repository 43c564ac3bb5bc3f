from random import Random

from harness.rng import Streams, uuid4, uuid7


def test_a_stream_is_named_once_and_goes_on() -> None:
    streams = Streams(7)
    assert streams.named("link") is streams.named("link")
    assert streams.named("link").random() != streams.named("link").random()


def test_streams_differ_by_name_and_by_seed() -> None:
    draws = [Streams(seed).named(name).random() for seed in (1, 2) for name in ("a", "b")]
    assert len(set(draws)) == 4


def test_a_stream_is_the_same_in_every_process_and_release() -> None:
    assert Streams(7).named("link/worker-1→api").getrandbits(32) == 1_708_612_445


def test_a_uuid7_holds_its_time_and_says_what_it_is() -> None:
    first = uuid7(unix_ms=1_700_000_000_000, stream=Random(1))
    assert (first.version, first.variant, first.int >> 80) == (7, "specified in RFC 4122", 1_700_000_000_000)
    assert first == uuid7(unix_ms=1_700_000_000_000, stream=Random(1))
    assert str(first) < str(uuid7(unix_ms=1_700_000_000_001, stream=Random(0)))


def test_a_uuid4_comes_from_its_stream() -> None:
    assert uuid4(Random(1)).version == 4
    assert uuid4(Random(1)) == uuid4(Random(1)) != uuid4(Random(2))
