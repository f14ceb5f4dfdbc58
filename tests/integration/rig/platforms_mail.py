"""What the conformance suite must know of mail."""
from model import CUSTOMER, OURS, Said
from rig.platforms import CUSTOMERS, Cannot, Mastodon


class Mail(Mastodon):
    """Everybody writes to our mailbox; our native answers stand in its folder of sent mails. A mail whose Message-ID is spoilt is kept under
    another id: the connector's goldens hold that (14-no-ids)."""
    news = "^/INBOX/FETCH$"
    dialects = []
    poisons = ["nul", "utf8", "overlong", "surrogate", "raw_control", "line", "deep", "headers", "charset", "base64"]
    schema = [("Date", "-"), ("Date", "yesterday"), ("From", "-"), ("From", "nobody"), ("From", "<>"), ("Subject", "-"), ("Subject", "=?utf-8?B?////?="),
              ("In-Reply-To", "<>"), ("Content-Type", "-"), ("Content-Type", ";;;"), ("Content-Type", "multipart/mixed"),
              ("Content-Transfer-Encoding", "x-future"), ("MIME-Version", "99")]

    def open(self, connector, **account):
        self.place.house.mail(self.place.name, own="shop", people=CUSTOMERS, options=self.options, **{**self.account, **account})

    def words(self, words):
        return words

    def can_backdate(self):
        raise Cannot("a mail counts from when our server took it, and nobody can date that")

    def strange(self, under):
        self.town.post("bob", "I am away until Monday.", self.place.name, headers={"Auto-Submitted": "auto-replied"})

    def overheard(self, under):
        raise Cannot("a mail to us is to us")

    def said(self, row):
        return Said(row["id"], row["author"], row["at"] // 1000, OURS if row["author"] == self.own else CUSTOMER, row["parent"],
                    frozenset(row["mentions"]), is_direct=True, is_deleted=row["deleted"])


__all__ = ["Mail"]
