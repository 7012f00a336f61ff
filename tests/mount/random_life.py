#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Random lives of host processors, each with one client, while firmware, monitors and the server
die: every answer, state and counter is what the kernel's table says of such a step, and from where
they end a documented sequence leads to offline and to the next good boot.
RPROC_TEST_SEED repeats the steps of a run; RPROC_TEST_STEPS says how many."""
import random
from lifelib import *

BURST = 50  # steps of all clients between two looks at the whole
COUNTED = ("boots", "attaches", "shutdowns", "detaches", "failures", "crashes", "recoveries",
           "failed_recoveries", "power")


class Life:
    """One processor that nobody else touches, and what must have become of it."""

    def __init__(self, world, index, rng):
        self.world, self.index, self.rng = world, index, rng
        self.serial = 0x400
        self.history = []
        self.born("offline")

    def born(self, state):
        """As a server that has just started finds it."""
        self.state, self.recovery, self.coredump = state, True, "disabled"
        self.count = dict.fromkeys(COUNTED, 0)
        self.firmware = read(self.path("firmware")).strip()
        self.corpse = self.corpse if state == "detached" else ""

    def path(self, file):
        return self.world.path(file, self.index)

    def fault(self):
        """The errno that its firmware leads to."""
        if self.firmware.startswith("fickle"):
            return self.image
        return FAULTY.get(self.firmware, 0)

    def talks(self):
        return self.state in ("running", "attached") and self.image_talks

    def expect(self, error, file, text):
        got = outcome(write, self.path(file), text)
        assert got == error, "%s > %s: %s instead of %s" % (
            text, file, names({got}), names({error}))

    def verify(self):
        """What was reported is handled later: wait until all is as it must be."""
        def seen():
            now = self.world.counters(self.index)
            return read(self.path("state")).strip(), {name: now[name] for name in COUNTED}
        try:
            wait_for(lambda: seen() == (self.state, self.count))
        except AssertionError:
            raise AssertionError("is %s, should be %s: %s" % (
                seen(), (self.state, self.count), read(self.world.own("last_error", self.index))))

    # ---- what becomes of it ----------------------------------------------------------

    def booted(self):
        self.state, self.corpse = "running", ""
        self.image_talks = self.firmware != "hello.elf"

    def crashed(self):
        if self.state in ("offline", "crashed"):
            return
        self.count["crashes"] += 1
        self.state = "crashed"
        if self.recovery:
            self.recovered()

    def recovered(self):
        if self.state != "crashed":
            return
        if self.fault():
            self.count["failed_recoveries"] += 1
            self.count["power"] = 0
            self.state = "offline"
        else:
            self.count["recoveries"] += 1
            self.count["power"] = self.count["power"] or 1
            self.booted()

    # ---- steps -----------------------------------------------------------------------

    def start(self):
        error = 0
        if self.count["power"]:
            self.count["power"] += 1
        elif self.state == "detached" and self.corpse == "monitor":
            # Now that somebody looked for it, it has crashed.
            error = errno.ENOENT
        elif self.state == "detached":
            self.count["attaches"] += 1
            self.count["power"] = 1
            self.state = "attached"
        else:
            error = self.fault()
            if not error:
                self.booted()
                self.count["boots"] += 1
                self.count["power"] = 1
        self.count["failures"] += bool(error)
        self.expect(error, "state", "start")
        if error:
            story = read(self.world.own("last_error", self.index))
            assert len(story) > 30, "a failure without a story: %r" % story
        if self.corpse and self.state in ("attached", "detached"):
            self.crashed()

    def stop(self):
        if self.state in ("offline", "detached"):
            return self.expect(errno.EINVAL, "state", "stop")
        if self.count["power"] > 1:
            self.count["power"] -= 1
        else:
            self.count["power"] = 0
            self.count["shutdowns"] += 1
            self.state = "offline"
        self.expect(0, "state", "stop")

    def detach(self):
        if self.state not in ("running", "attached"):
            return self.expect(errno.EINVAL, "state", "detach")
        if self.count["power"] > 1:
            self.count["power"] -= 1
        else:
            self.count["power"] = 0
            self.count["detaches"] += 1
            self.state = "detached"
        self.expect(0, "state", "detach")

    def crash(self):
        self.crashed()
        self.expect(0, "debug/crash", str(self.rng.randrange(4)))

    def kill(self):
        """One of its processes; of a detached one nobody learns it."""
        who = self.rng.choice(("fw", "rproc"))
        name = "%s:host%d" % (who, self.index)
        if not self.world.kill(name):
            return
        # Whoever talks to one that is about to die is told so.
        wait_for(lambda: not self.world.find(name) or self.state in ("running", "attached"))
        if self.state == "detached" or (self.state == "crashed" and not self.count["power"]):
            self.corpse = "monitor" if who == "rproc" else self.corpse or "firmware"
        else:
            self.crashed()

    def set_firmware(self):
        name = self.rng.choice(("hello.elf", "rpmsg_echo.elf", "rpmsg_echo_plain.elf",
                                "fickle%d.elf" % self.index, *FAULTY))
        if self.state == "offline":
            self.firmware = name
        self.expect(0 if self.state == "offline" else errno.EBUSY, "firmware", name)

    def spoil(self):
        """The file itself becomes good, bad or gone, whatever the processor does."""
        self.image = self.rng.choice((0, errno.EINVAL, errno.ENOENT))
        data = {0: self.world.echo, errno.EINVAL: b"\x7fELF" + bytes(90), errno.ENOENT: None}
        self.world.put("fickle%d.elf" % self.index, data[self.image])

    def set_recovery(self):
        word = self.rng.choice(("enabled", "disabled", "recover"))
        self.recovery = {"enabled": True, "disabled": False}.get(word, self.recovery)
        if word != "disabled":
            self.recovered()
        self.expect(0, self.rng.choice(("recovery", "debug/recovery")), word)

    def set_coredump(self):
        word = self.rng.choice(("enabled", "disabled", "inline"))
        if self.state != "crashed":
            self.coredump = word
        self.expect(0 if self.state != "crashed" else errno.EBUSY, "coredump", word)

    def look(self):
        assert read(self.path("coredump")).strip() == self.coredump
        assert read(self.path("recovery")) == ("enabled\n" if self.recovery else "disabled\n")
        shown = "unknown" if self.state == "attached" else self.firmware
        assert read(self.path("firmware")).strip() == shown
        table = read(self.path("debug/resource_table"))
        trace = outcome(read, self.path("debug/trace0"))
        read(self.path("debug/carveout_memories"))
        if self.state in ("running", "attached"):
            assert "of type trace" in table and trace == 0, (table, trace)
        elif self.state in ("offline", "detached"):
            assert table == "No resource table found\n" and trace == errno.ENOENT, (table, trace)

    def talk(self):
        if not self.talks():
            return
        self.serial += 1
        name, text = "life%d" % self.index, b"to %d" % self.serial
        # The firmware begins to listen when it likes to.
        path = wait_for(lambda: endpoint_of(self.world, self.index, name, self.serial))
        answer = echo(path, text, WAIT_S)
        assert answer == text, "%r instead of %r" % (answer, text)

    image, image_talks, corpse = 0, False, ""
    STEPS = ((start, 6), (stop, 4), (detach, 4), (crash, 4), (kill, 3), (set_firmware, 4),
             (spoil, 2), (set_recovery, 4), (set_coredump, 2), (look, 2), (talk, 4))

    def steps(self, number):
        kinds, weights = zip(*self.STEPS)
        for step in self.rng.choices(kinds, weights, k=number):
            self.history.append(step.__name__)
            try:
                step(self)
                self.verify()
            except Exception as e:
                raise AssertionError("host%d: %r after %s" % (
                    self.index, e, " ".join(self.history))) from e

    def renewed(self):
        """It has been booted by boot_and_echo(), and is offline."""
        now = self.world.counters(self.index)
        self.count = {name: now[name] for name in COUNTED}
        self.firmware, self.recovery, self.coredump = "rpmsg_echo.elf", True, "disabled"

    def restarted(self, number):
        """The server ended by that signal, and another one started."""
        self.history.append(number.name)
        lives = self.state == "detached" and self.corpse != "monitor"
        # What crashed while it was detached has nobody; the end of a good server stops it.
        if self.state == "crashed" and not self.count["power"] and number == signal.SIGKILL:
            lives = self.corpse != "monitor"
        self.born("detached" if lives else "offline")
        self.verify()

    def offline(self):
        """By what is documented: attach what is detached, stop it as often as it was started."""
        if self.state == "detached":
            self.start()
            self.verify()
        while self.state != "offline":
            self.stop()
            self.verify()


def test_each_answer_is_the_kernels(place):
    """One client a processor: it knows which answer, state and counters each step leads to."""
    world, rng = World(place), random.Random(SEED)
    lives = [Life(world, i, random.Random("%d/%d" % (SEED, i))) for i in range(PROCESSORS)]
    for burst in range(max(1, STEPS // BURST)):
        with Janitor(world):
            for wait in [in_thread(life.steps, BURST // PROCESSORS) for life in lives]:
                wait(2 * WAIT_S)
        if burst % 4 == 3:
            with Janitor(world):
                for life in lives:
                    life.offline()
            expect_sound(world)
            for life in lives:
                life.renewed()
        number = rng.choice((None, signal.SIGKILL, signal.SIGTERM))
        if number:
            world.fs.end(number)
            world.start()
            for life in lives:
                life.restarted(number)
    assert not place.reports(), place.reports()[:4000]


run_random(globals())
