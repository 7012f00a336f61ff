#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Generate the firmware files of the oracle (well-formed and malformed), byte for byte.

Usage: gen_fw.py OUTDIR.  Layout is that of an STM32MP157's Cortex-M4:
  retram 0x00000000+64K, mcuram2 0x10000000+256K, mcuram 0x30000000+256K
  resource table loaded at 0x10020000, trace buffers at 0x10030000/0x10031000
"""
import os, struct, sys

OUT = sys.argv[1]
os.makedirs(OUT, exist_ok=True)
ANY = 0xffffffff
RSC_DA, TR0_DA, TR1_DA = 0x10020000, 0x10030000, 0x10031000

def name32(s):
    b = s if isinstance(s, bytes) else s.encode()
    return b[:32].ljust(32, b'\0')

# ---- resource entries (type word included) --------------------------------
def carveout(name, da, length, pa=0, flags=0, reserved=0, cut=None):
    b = struct.pack('<IIIIII', 0, da, pa, length, flags, reserved) + name32(name)
    return b if cut is None else b[:cut]
def devmem(name, da, pa, length, flags=0, reserved=0):
    return struct.pack('<IIIIII', 1, da, pa, length, flags, reserved) + name32(name)
def trace(name, da, length, reserved=0, cut=None):
    b = struct.pack('<IIII', 2, da, length, reserved) + name32(name)
    return b if cut is None else b[:cut]
def vdev(vid, vrings, dfeat=1, gfeat=0, cfg=b'', cfg_len=None, status=0, nvr=None, res=(0, 0), notifyid=0, cut=None):
    b = struct.pack('<IIIIIIBBBB', 3, vid, notifyid, dfeat, gfeat,
                    len(cfg) if cfg_len is None else cfg_len, status,
                    len(vrings) if nvr is None else nvr, *res)
    for (da, align, num, nid) in vrings:
        b += struct.pack('<IIIII', da, align, num, nid, 0)
    b += cfg
    return b if cut is None else b[:cut]
def raw(t, payload=b''):
    return struct.pack('<I', t) + payload

def table(entries, ver=1, reserved=(0, 0), num=None, offsets=None, pad=b''):
    n = len(entries)
    if offsets is None:
        offsets, o = [], 16 + 4 * n
        for e in entries:
            offsets.append(o)
            o += len(e)
    hdr = struct.pack('<IIII', ver, n if num is None else num, *reserved)
    return hdr + b''.join(struct.pack('<I', o & 0xffffffff) for o in offsets) + b''.join(entries) + pad

VR_ANY = [(ANY, 16, 8, 0), (ANY, 16, 8, 1)]
VR_FIX = [(0x10040000, 16, 8, 0), (0x10041000, 16, 8, 1)]

# ---- ELF writer -----------------------------------------------------------
class Elf:
    def __init__(self, cls=1, data=1, machine=40, etype=2, entry=1):
        self.cls, self.data, self.machine, self.etype, self.entry = cls, data, machine, etype, entry
        self.segs, self.secs = [], []
        self.h = {}                       # header overrides
    def seg(self, da, data, memsz=None, filesz=None, ptype=1, flags=7, off=None, va=None):
        self.segs.append([da, data, memsz, filesz, ptype, flags, off, va])
        return self
    def rsc(self, tab, da=RSC_DA, load=True, size=None, offset=None, name='.resource_table', addr=None):
        if load:
            self.seg(da, tab)
            self.secs.append([name, addr if addr is not None else da, len(self.segs) - 1, size, offset])
        else:
            self.secs.append([name, addr if addr is not None else da, tab, size, offset])
        return self
    def build(self):
        c64 = self.cls == 2
        E = '<'
        ehs, phs, shs = (64, 56, 64) if c64 else (52, 32, 40)
        phoff = ehs
        off = ehs + phs * len(self.segs)
        off = (off + 15) & ~15
        body, places = b'', []
        base = off
        for s in self.segs:
            pad = (-(base + len(body))) % 16
            body += b'\0' * pad
            places.append(base + len(body))
            body += s[1]
        strtab, secs = b'\0', []
        for nm, addr, what, size, offset in self.secs:
            if isinstance(what, int):
                o, l = places[what], len(self.segs[what][1])
            else:
                pad = (-(base + len(body))) % 16
                body += b'\0' * pad
                o, l = base + len(body), len(what)
                body += what
            secs.append((len(strtab), 1, 2, addr, o if offset is None else offset, l if size is None else size))
            strtab += nm.encode() + b'\0'
        shname = len(strtab)
        strtab += b'.shstrtab\0'
        stro = base + len(body)
        body += strtab
        body += b'\0' * ((-(base + len(body))) % 8)
        shoff = base + len(body)
        shdrs = [(0, 0, 0, 0, 0, 0)] + secs + [(shname, 3, 0, 0, stro, len(strtab))]
        sh = b''
        for (n, t, f, a, o, sz) in shdrs:
            sh += struct.pack(E + ('IIQQQQIIQQ' if c64 else 'IIIIIIIIII'), n, t, f, a, o, sz, 0, 0, 1, 0)
        ph = b''
        for (da, d, memsz, filesz, pt, fl, o, va), pl in zip(self.segs, places):
            fs = len(d) if filesz is None else filesz
            ms = len(d) if memsz is None else memsz
            oo = pl if o is None else o
            v = da if va is None else va
            if c64: ph += struct.pack(E + 'IIQQQQQQ', pt, fl, oo, v, da, fs, ms, 16)
            else:   ph += struct.pack(E + 'IIIIIIII', pt, oo, v, da, fs, ms, fl, 16)
        g = self.h.get
        ident = bytes([0x7f, 0x45, 0x4c, 0x46, g('cls', self.cls), g('data', self.data), 1, 0]) + b'\0' * 8
        eh = ident + struct.pack(E + ('HHIQQQIHHHHHH' if c64 else 'HHIIIIIHHHHHH'),
            self.etype, self.machine, 1, g('entry', self.entry), g('phoff', phoff), g('shoff', shoff),
            0x05000400, ehs, g('phentsize', phs), g('phnum', len(self.segs)), shs,
            g('shnum', len(shdrs)), g('shstrndx', len(shdrs) - 1))
        out = eh + ph
        out += b'\0' * (base - len(out)) + body + sh
        return out

VEC = struct.pack('<16I', 0x10040000, 0x10000001, *[0x10000001] * 14)
CODE = b'\xfe\xe7' * 64                      # b . (idle loop)
TRTXT = b'oracle: line one\noracle: line two\n'

def base(**k):
    return Elf(**k).seg(0, VEC).seg(0x10000000, CODE)
def withtab(*entries, **k):
    return base().rsc(table(list(entries), **k))
def put(n, e):
    b = e if isinstance(e, bytes) else e.build()
    open(os.path.join(OUT, n), 'wb').write(b)

T0 = trace('trace_buf', TR0_DA, 0x1000)
tr = lambda txt, da=TR0_DA, size=0x1000: (da, txt.ljust(size, b'\0'))

# ---- good ones -------------------------------------------------------------
put('norsc.elf', base())
put('rproc-m4-fw', base())                   # the driver's default firmware name
put('trace.elf', base().seg(*tr(TRTXT)).rsc(table([T0])))
put('trace2.elf', base().seg(*tr(TRTXT)).seg(*tr(b'second buffer\n', TR1_DA)).rsc(table([T0, trace('', TR1_DA, 0x1000)])))
put('trace_full.elf', base().seg(TR0_DA, bytes(0x41 + i % 26 for i in range(0x100))).seg(TR0_DA + 0x100, b'BEYOND\0').rsc(table([trace('full', TR0_DA, 0x100)])))
put('trace_empty.elf', base().seg(*tr(b'')).rsc(table([T0])))
put('trace_binary.elf', base().seg(*tr(b'\x01\x80\xff\n\x1b[0m\ttab')).rsc(table([T0])))
put('trace_unmapped.elf', withtab(trace('nowhere', 0x60000000, 0x1000)))
put('trace_toolong.elf', base().seg(*tr(TRTXT)).rsc(table([trace('toolong', 0x1003f000, 0x2000)])))
put('trace_zero.elf', withtab(trace('zero', TR0_DA, 0)))
put('trace_any.elf', withtab(trace('any', ANY, 0x1000)))
put('trace_name32.elf', base().seg(*tr(TRTXT)).rsc(table([trace('x' * 32, TR0_DA, 0x1000)])))
put('traces11.elf', base().seg(*tr(TRTXT)).rsc(table([trace('t%d' % i, TR0_DA, 0x100) for i in range(11)])))
put('vdev.elf', base().seg(*tr(TRTXT)).rsc(table([vdev(7, VR_ANY), T0])))
put('vdev_fixed.elf', base().seg(*tr(TRTXT)).rsc(table([vdev(7, VR_FIX), T0])))
put('vdev_nofeat.elf', withtab(vdev(7, VR_ANY, dfeat=0)))
put('vdev_cfg.elf', withtab(vdev(7, VR_ANY, cfg=b'\x10\0\0\0\x20\0\0\0')))
put('vdev_id42.elf', withtab(vdev(42, VR_ANY)))
put('vdev_id0.elf', withtab(vdev(0, VR_ANY)))
put('vdev_1ring.elf', withtab(vdev(7, VR_ANY[:1])))
put('vdev_0ring.elf', withtab(vdev(7, [])))
put('vdev_two.elf', withtab(vdev(7, VR_ANY), vdev(7, VR_ANY)))
put('vdev_two_id42.elf', withtab(vdev(42, VR_ANY), vdev(42, [(0x10010000, 16, 8, 2), (0x10012000, 16, 8, 3)])))
put('vdev_notifyid.elf', withtab(vdev(7, [(ANY, 16, 8, 77), (ANY, 16, 8, 88)], notifyid=99)))
put('carveout_named.elf', withtab(carveout('mcuram', 0x30000000, 0x1000)))
put('carveout_named_any.elf', withtab(carveout('mcuram', ANY, 0x40000)))
put('carveout_named_inside.elf', withtab(carveout('mcuram', 0x30001000, 0x1000, pa=0x1234, flags=3)))
put('carveout_multi.elf', withtab(carveout('mcuram', 0x30000000, 0x40000), carveout('retram', 0, 0x10000), carveout('mcuram2', 0x10000000, 0x40000)))
put('rsc_empty.elf', withtab())
put('rsc_unknown4.elf', withtab(raw(4, b'\0' * 16)))
put('rsc_unknown127.elf', withtab(raw(127, b'\0' * 16)))
put('rsc_unknown_max.elf', withtab(raw(0xffffffff, b'\0' * 16)))
put('rsc_vendor128.elf', withtab(raw(128, b'\0' * 16)))
put('rsc_vendor512.elf', withtab(raw(512, b'\0' * 16)))
put('rsc_513.elf', withtab(raw(513, b'\0' * 16)))
put('rsc_mixed.elf', base().seg(*tr(TRTXT)).rsc(table([raw(5, b'\0' * 8), raw(200, b'\0' * 8), T0])))
put('rsc_trailing.elf', base().seg(*tr(TRTXT)).rsc(table([T0], pad=b'\xaa' * 64)))
put('rsc_notloaded.elf', base().seg(*tr(TRTXT)).rsc(table([T0]), load=False, addr=0x50000000))
put('rsc_addr_inregion_notseg.elf', base().seg(*tr(TRTXT)).rsc(table([T0]), load=False, addr=0x10028000))
put('rsc_dup.elf', base().seg(*tr(TRTXT)).rsc(table([T0])).rsc(table([T0, T0]), da=0x10024000))
put('elf64.elf', Elf(cls=2).seg(0, VEC).seg(0x10000000, CODE).seg(*tr(TRTXT)).rsc(table([T0])))
put('bss.elf', base().seg(0x10008000, b'DATA' * 16, memsz=0x2000))
put('bss_only.elf', base().seg(0x10008000, b'', memsz=0x2000))
put('ptnote_outside.elf', base().seg(0xdead0000, b'note' * 4, ptype=4))
put('memsz0_outside.elf', base().seg(0xdead0000, b'', memsz=0))
put('memsz0_filesz.elf', base().seg(0xdead0000, b'abcd', memsz=0))
put('machine_x86.elf', base(machine=62))
put('etype_rel.elf', base(etype=1))
put('entry_far.elf', base(entry=0xf0000000))
put('vaddr_differs.elf', base().seg(0x10008000, b'DATA' * 16, va=0x90000000))
put('overlap.elf', base().seg(0x10000000, b'OVER' * 4))
e = base(); e.h.update(shoff=0, shnum=0, shstrndx=0); put('nosections.elf', e)
put('boundary.elf', base().seg(0x1003fff0, b'E' * 16))

# ---- bad resource tables ---------------------------------------------------
put('rsc_badver0.elf', withtab(T0, ver=0))
put('rsc_badver2.elf', withtab(T0, ver=2))
put('rsc_reserved0.elf', withtab(T0, reserved=(1, 0)))
put('rsc_reserved1.elf', withtab(T0, reserved=(0, 1)))
put('rsc_truncated.elf', base().rsc(table([T0]), size=0x100000))
put('rsc_sizewrap.elf', base().rsc(table([T0]), size=0xffffffff))
put('rsc_offset_oob.elf', base().rsc(table([T0]), offset=0x7ffffff0))
put('rsc_hdrless.elf', base().rsc(table([T0]), size=8))
put('rsc_hdr15.elf', base().rsc(table([T0]), size=15))
put('rsc_size0.elf', base().rsc(table([T0]), size=0))
put('rsc_numbig.elf', withtab(T0, num=1000))
put('rsc_nummax.elf', withtab(T0, num=0xffffffff))
put('rsc_entryoob.elf', withtab(T0, offsets=[0x4000]))
put('rsc_entryoff_edge.elf', withtab(T0, offsets=[16 + 4 + 48 - 4]))
put('rsc_entryoff_edge1.elf', withtab(T0, offsets=[16 + 4 + 48 - 3]))
put('rsc_entry_second_oob.elf', base().seg(*tr(TRTXT)).rsc(table([T0, T0], offsets=[24, 0x9000])))
put('trace_short.elf', withtab(trace('t', TR0_DA, 0x1000, cut=40)))
put('trace_reserved.elf', withtab(trace('t', TR0_DA, 0x1000, reserved=1)))
put('carveout_short.elf', withtab(carveout('c', ANY, 0x1000, cut=40)))
put('carveout_reserved.elf', withtab(carveout('c', ANY, 0x1000, reserved=9)))
put('carveout_toolong.elf', withtab(carveout('mcuram', 0x30000000, 0x80000)))
put('carveout_below.elf', withtab(carveout('mcuram', 0x2ffff000, 0x1000)))
put('carveout_above.elf', withtab(carveout('mcuram', 0x3003f800, 0x1000)))
put('carveout_twice.elf', withtab(carveout('mcuram', 0x30000000, 0x1000), carveout('mcuram', 0x30002000, 0x1000)))
put('carveout_new_any.elf', withtab(carveout('dyn', ANY, 0x1000)))
put('carveout_new_fixed.elf', withtab(carveout('dyn', 0x20000000, 0x1000)))
put('carveout_new_zero.elf', withtab(carveout('dyn', ANY, 0)))
put('carveout_new_huge.elf', withtab(carveout('dyn', ANY, 0x70000000)))
put('devmem.elf', withtab(devmem('dm', 0x40000000, 0x40000000, 0x1000)))
put('vdev_3rings.elf', withtab(vdev(7, VR_ANY + [(ANY, 16, 8, 2)])))
put('vdev_trunc.elf', withtab(vdev(7, VR_ANY, cut=40)))
put('vdev_nvr255.elf', withtab(vdev(7, VR_ANY, nvr=255)))
put('vdev_cfgbig.elf', withtab(vdev(7, VR_ANY, cfg_len=0x1000)))
put('vdev_cfgmax.elf', withtab(vdev(7, VR_ANY, cfg_len=0xffffffff)))
put('vdev_reserved.elf', withtab(vdev(7, VR_ANY, res=(1, 0))))
put('vdev_num0.elf', withtab(vdev(7, [(ANY, 16, 0, 0), (ANY, 16, 8, 1)])))
put('vdev_align0.elf', withtab(vdev(7, [(ANY, 0, 8, 0), (ANY, 16, 8, 1)])))
put('vdev_num_notpow2.elf', withtab(vdev(7, [(ANY, 16, 9, 0), (ANY, 16, 9, 1)])))
put('vdev_align_notpow2.elf', withtab(vdev(7, [(ANY, 24, 8, 0), (ANY, 24, 8, 1)])))
put('vdev_ringbig.elf', withtab(vdev(7, [(ANY, 16, 256, 0), (ANY, 16, 256, 1)])))
put('vdev_ring_da_off.elf', withtab(vdev(7, [(0x10050000, 16, 8, 0), (0x10051000, 16, 8, 1)])))
put('vdev_num1024.elf', withtab(vdev(42, [(ANY, 4096, 1024, 0), (ANY, 4096, 1024, 1)])))
put('vdev_then_bad.elf', withtab(vdev(7, VR_ANY), trace('t', TR0_DA, 0x1000, reserved=1)))
put('trace_then_bad.elf', base().seg(*tr(TRTXT)).rsc(table([T0, trace('t', TR0_DA, 0x1000, reserved=1)])))

# ---- bad ELF files -----------------------------------------------------------
good = base().build()
put('empty.elf', b'')
put('one.elf', b'\x7f')
put('tiny51.elf', good[:51])
put('hdronly52.elf', good[:52])
put('text.elf', b'this is not an ELF file, but it is long enough to have a header...\n' * 4)
put('badmagic.elf', b'\x7fELG' + good[4:])
e = base(); e.h.update(cls=0); put('class0.elf', e)
e = base(); e.h.update(cls=3); put('class3.elf', e)
e = base(); e.h.update(cls=2); put('class64_on_32.elf', e)
put('elf64_short.elf', Elf(cls=2).seg(0, VEC).build()[:60])
e = base(); e.h.update(data=2); put('bigendian.elf', e)
e = base(); e.h.update(data=0); put('data0.elf', e)
e = base(); e.h.update(phnum=0); put('phnum0.elf', e)
e = base(); e.h.update(shoff=0x7fffff00); put('shoff_oob.elf', e)
e = base(); e.h.update(phoff=0x7fffff00); put('phoff_oob.elf', e)
put('truncated.elf', base().seg(0x10008000, b'D' * 4096).build()[:2000])
put('seg_truncated.elf', base().seg(0x10008000, b'D' * 16, filesz=0x4000, memsz=0x4000))
put('filesz_gt_memsz.elf', base().seg(0x10008000, b'D' * 64, memsz=16))
put('seg_outside.elf', base().seg(0x60000000, b'D' * 64))
put('seg_partial.elf', base().seg(0x1003fff8, b'D' * 64))
put('seg_before.elf', base().seg(0x0ffffff8, b'D' * 64))
put('seg_span.elf', base().seg(0x10000000, b'', memsz=0x48000))
put('seg_huge.elf', base().seg(0x10008000, b'D' * 16, memsz=0xfffffff0))
put('seg_off_oob.elf', base().seg(0x10008000, b'D' * 16, off=0x7ffffff0))
put('seg_vdevbuf.elf', base().seg(0x10042000, b'D' * 64))
put('second_bad.elf', Elf().seg(0x10000000, b'WRITTEN!' * 8).seg(0x60000000, b'D' * 64))
os.makedirs(os.path.join(OUT, 'adir.elf'), exist_ok=True)
os.makedirs(os.path.join(OUT, 'sub'), exist_ok=True)
put('sub/nested.elf', base())
put('with space.elf', base())
put('x' * 90 + '.elf', base())

# ---- raw pieces for the attach cases (placed in memory as a boot loader would) ----
put('table_trace.bin', table([T0]).ljust(1024, b'\0'))
put('table_vdev.bin', table([vdev(7, VR_FIX), T0]).ljust(1024, b'\0'))
put('trace_text.bin', TRTXT.ljust(4096, b'\0'))
