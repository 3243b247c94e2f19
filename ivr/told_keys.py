"""What the switch tells of keys, twice each, and which keys that makes. Pure.

A key is appended to HOTLINE_KEYS when its tone has ended, and returned by the command that listens then.
Between two commands Asterisk listens as to an ordinary line (main/channel.c, __ast_read; read in 22.10, and
seen under load):

- a key by itself is thrown away: it was appended, and no command ever returns it;
- one whose tone had begun while a command listened is stretched: it was appended, and is returned once more;
- one that ends within 45 ms of the one before, or while another is stretched, is put off: it was appended, is
  appended again when it is given back, and is returned then.

So neither what was appended nor what was returned is what was pressed. Of a key that was put off and given
back before anybody asked, the repetition is all that is left: what repeats while nobody listens is counted
once. Who really pressed it twice hears the next question, which is better than an answer they did not give.
"""

from ivr.call import END


class ToldKeys:
    """Counts each key once. seen: how much of HOTLINE_KEYS is known. owed: appended, and not returned so far.

    unsure: some that are owed came just now, and may be put off. While it is so, ask for what is given back
    (`gave` with settling, `more`); when nothing comes any more, say so (`settled`).
    """

    def __init__(self) -> None:
        self.seen = 0
        self.owed = ""
        self.unsure = False
        self._old = 0  # so many of those owed were there before it became unsure

    def took(self, key: str) -> str:
        """A command returned this key, and nothing is owed: it is the next one, and was appended once."""
        self.seen += len(key)
        return key

    def more(self, appended: str, *, listened: bool = False) -> str:
        """Nothing was returned. appended: all of HOTLINE_KEYS. Returns the keys that are new.

        listened: a command did all the while, and let no key stop it.
        """
        grown = self._grown(appended)
        return grown if listened else self._owe(self._once(grown))

    def gave(self, key: str, appended: str, *, settling: bool = False) -> str:
        """A command returned this key while others were owed. Returns the keys that are new."""
        grown = self._grown(appended)
        place = self.owed.find(key)
        if place >= 0 and (settling or not grown):
            new = self._once(grown.replace(key, "", 1))
            # They are given back in their order: those before it never will be.
            self.owed, self._old = self.owed[place + 1 :], max(0, self._old - place - 1)
            return self._owe(new)
        if not settling:
            self.owed = ""  # a fresh key passed them: they were thrown away
            before, found, after = grown.partition(key)
            return before + found + self._owe(self._once(after))
        new = self._once(grown)  # it may have been put off and given back since we last looked
        before, _, after = new.partition(key)
        self._owe(before + after)
        return new

    def read(self, digits: str, appended: str, *, ended: bool) -> str:
        """A command collected these. ended: by END, which it leaves out. Returns the keys that are new."""
        grown, told = self._grown(appended), digits + (END if ended else "")
        if not grown.startswith(told) and told[:1] and told[0] in self.owed:
            told = told[1:]  # it was stretched
        self.owed = ""
        rest = grown.removeprefix(told) if grown.startswith(told) else ""
        return told + self._owe(rest)

    def settled(self) -> None:
        """Nothing was given back in time: what is owed was thrown away, or is stretched."""
        self.unsure = False

    def _grown(self, appended: str) -> str:
        grown = appended[self.seen :]
        self.seen += len(grown)
        return grown

    def _owe(self, keys: str) -> str:
        if not self.unsure:
            self._old = len(self.owed)
        self.owed += keys
        self.unsure = bool(self.owed) and (self.unsure or bool(keys))
        return keys

    def _once(self, keys: str) -> str:
        """Without what may be keys given back while nobody listened: in their order, each after it came."""
        before = self.owed[self._old :] if self.unsure else ""
        once, given_back = before, 0
        for key in keys:
            place = once.find(key, given_back)
            if place < 0:
                once += key
            else:
                given_back = place + 1
        return once.removeprefix(before)
