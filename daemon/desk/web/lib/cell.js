/* A value that others can watch. The only state that pages share is in cells. */
import { useEffect, useRef, useState } from "./html.js";

export function cell(value) {
	const watchers = new Set();
	return {
		get: () => value,
		set(next) {
			if (next !== value) {
				value = next;
				for (const watcher of [...watchers]) {
					watcher(value);
				}
			}
		},
		change(how) {
			this.set(how(value));
		},
		/* Returns what ends it. */
		watch(watcher) {
			watchers.add(watcher);
			return () => watchers.delete(watcher);
		},
	};
}

/* The value, and a new rendering whenever it changes. */
export function useCell(c) {
	const [, again] = useState(null);
	const shown = useRef(null);
	shown.current = c.get();
	useEffect(() => {
		const off = c.watch(() => again({}));
		if (shown.current !== c.get()) { /* it changed between the rendering and now */
			again({});
		}
		return off;
	}, [c]);
	return shown.current;
}

/* What this browser remembers for this person; a private window may refuse. */
export const kept = {
	get(name, otherwise = null) {
		try {
			const text = localStorage.getItem(`answerd.${name}`);
			return text === null ? otherwise : JSON.parse(text);
		} catch {
			return otherwise;
		}
	},
	set(name, value) {
		try {
			if (value === null) {
				localStorage.removeItem(`answerd.${name}`);
			} else {
				localStorage.setItem(`answerd.${name}`, JSON.stringify(value));
			}
		} catch { /* then it is not remembered */ }
	},
};
