"""Sound files of one tone, and how long a tone is heard in a recording."""
import array
import math
import wave as wave_file

RATE_HZ = 8000
PIECE = 800  # samples that are looked at together: a tenth of a second, so whole turns of every multiple of 10 Hz


def wave(path, tone_hz, seconds):
    """Writes a mono WAV file of a sine, 16 bits a sample."""
    turn = [round(8000 * math.sin(2 * math.pi * tone_hz * index / RATE_HZ)) for index in range(PIECE)]
    samples = array.array("h", turn * (seconds * RATE_HZ // PIECE))
    with wave_file.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())


def strength(path, tone_hz):
    """For how many seconds of this recording more than half of the power is at this frequency (Goertzel)."""
    with wave_file.open(str(path), "rb") as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, RATE_HZ):
            raise ValueError(f"{path} is no mono recording of 16 bits at {RATE_HZ} Hz")
        samples = array.array("h", file.readframes(file.getnframes()))
    pieces = sum(has_tone(samples[at:at + PIECE], tone_hz) for at in range(0, len(samples) - PIECE + 1, PIECE))
    return pieces * PIECE / RATE_HZ


def has_tone(piece, tone_hz):
    power = sum(sample * sample for sample in piece)
    if power < len(piece) * 100 * 100:
        return False  # silence
    factor = 2 * math.cos(2 * math.pi * tone_hz / RATE_HZ)
    before = last = 0.0
    for sample in piece:
        before, last = last, sample + factor * last - before
    at_tone = before * before + last * last - factor * before * last
    return at_tone * 2 / len(piece) > power / 2
