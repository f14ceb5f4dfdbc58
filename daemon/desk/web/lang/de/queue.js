export default {
	"queue.empty": "Niemand wartet.",
	"queue.more": "Mehr zeigen",
	"queue.title": "Wer wartet",
};
