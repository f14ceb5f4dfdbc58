export default {
	"queue.empty": "Nobody is waiting.",
	"queue.more": "Show more",
	"queue.title": "Who waits",
};
