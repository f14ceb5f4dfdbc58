/* As much of a browser as modules ask for when they are loaded. */
import "./first.js";

const kept = new Map();
globalThis.localStorage = { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v), removeItem: (k) => kept.delete(k) };
globalThis.location = new URL("http://desk.example/?brand=acme");
globalThis.addEventListener ??= () => {};
