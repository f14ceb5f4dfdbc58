/* What a page of watching shows is fetched anew when the desk says that it changed, and every so often. */
import { useEffect, useRef, useState } from "../../lib/html.js";
import { useEvents } from "../../lib/events.js";
import { everySo } from "../../lib/time.js";

const WAVE_MS = 1000;

/* → { data, error, isLoading, again }. ask(signal) → a promise. What was shown stays until the other is there. */
export function useLive(types, ask, every = 60, asked = "") {
	const [state, setState] = useState({ data: null, error: null, isLoading: true });
	const latest = useRef(ask), run = useRef(() => {}), pending = useRef(null);
	latest.current = ask;
	useEffect(() => {
		let stop = new AbortController();
		run.current = async () => {
			stop.abort();
			const mine = stop = new AbortController();
			try {
				const data = await latest.current(mine.signal);
				mine.signal.aborted || setState({ data, error: null, isLoading: false });
			} catch (error) {
				mine.signal.aborted || error.name === "AbortError" || setState((s) => ({ data: s.data, error: s.data === null || error.status !== 0 ? error : null, isLoading: false }));
			}
		};
		run.current();
		const off = everySo(every, () => run.current());
		return () => {
			off();
			stop.abort();
			clearTimeout(pending.current);
			pending.current = null;
		};
	}, [asked]);
	/* A wave of hints is asked about once. */
	useEvents(types, () => {
		pending.current ??= setTimeout(() => {
			pending.current = null;
			run.current();
		}, WAVE_MS);
	});
	return { ...state, again: () => run.current() };
}
