// A soft ring, made of two tones; no file to load when a call comes.

const TONES = [523.25, 659.25];
const EVERY_S = 2.4;
const LOUD = 0.09;

export class Ringer {
  #context = null;
  #timer = 0;

  start() {
    this.stop();
    this.#context ??= new AudioContext();
    this.#context.resume().catch(() => {});
    this.#once();
    this.#timer = setInterval(() => this.#once(), EVERY_S * 1000);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  #once() {
    TONES.forEach((tone, place) => {
      const begin = this.#context.currentTime + 0.02 + place * 0.28;
      const swell = this.#context.createGain();
      swell.gain.setValueAtTime(0, begin);
      swell.gain.linearRampToValueAtTime(LOUD, begin + 0.04);
      swell.gain.exponentialRampToValueAtTime(0.0005, begin + 0.9);
      swell.connect(this.#context.destination);
      const voice = this.#context.createOscillator();
      voice.frequency.value = tone;
      voice.connect(swell);
      voice.start(begin);
      voice.stop(begin + 1);
    });
  }
}
