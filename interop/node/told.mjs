// How a peer tells what held: one JSON object per line on standard output, and
// at the end how many there were, so that a peer that dies early is noticed.

const TIME = 20_000;

export function tell(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

export class Checks {
  count = 0;

  async run(name, check) {
    const line = { check: name, ok: true };
    const began = performance.now();
    try {
      const saw = await within(check(), TIME, name);
      if (saw !== undefined) line.saw = saw;
    } catch (error) {
      console.error(error);
      Object.assign(line, { ok: false, saw: String(error).slice(0, 2000) });
    }
    line.ms = Math.round(performance.now() - began);
    this.count += 1;
    tell(line);
  }

  close() {
    tell({ done: this.count });
  }
}

export function within(promise, time, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not in time: ${what}`)), time);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export function same(seen, wanted) {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`seen ${a?.slice(0, 300)}, wanted ${b?.slice(0, 300)}`);
}

// What `--name value` and `--flag` say; the rest is in `words`.
export function settings(flags, values) {
  const said = { words: [] };
  const words = process.argv.slice(2);
  while (words.length > 0) {
    const word = words.shift();
    const name = word.replace(/^--/, "");
    if (word.startsWith("--") && flags.includes(name)) said[name] = true;
    else if (word.startsWith("--") && values.includes(name)) said[name] = words.shift();
    else if (word.startsWith("--")) throw new Error(`unknown: ${word}`);
    else said.words.push(word);
  }
  return said;
}
