//go:build !purego && !portable

// A reader may skip this file. It does what portable in search.go does, about three
// times as fast, with the SHA instructions that most amd64 processors have. If it
// were deleted (build with -tags portable) nothing would change but the speed.
//
// # What makes it fast
//
//   - The state and the words stay in registers; a hash is never written to memory.
//   - Two nonces are hashed at once. The instruction that does two rounds takes four
//     cycles, but another may start after two: hash A's rounds fill hash B's waits.
//   - Rounds whose input no nonce changes were done beforehand: all of the first 64
//     bytes (the midstate), and rounds 0 to 3 of the second 64, see newFrame.
//   - Rounds that only see padding take k[t]+w[t] ready-made.
//   - Only the last word of the hash is completed, and 61 rounds are enough for it:
//     what is e after round 60 becomes f, g and h in the rounds after. Compared as a
//     number it is the top of the hash; search.go judges the whole hash again.
//
// # The instructions
//
// SHA-256 has eight state words a … h. One round makes a new a and a new e and moves
// the others one place on. The instructions hold the state in two registers, here
// written from the lowest 32 bits up:
//
//	s0 = f e b a        s1 = h g d c
//
//	SHA256RNDS2 X0, s0, s1   two rounds with the k+w in the low half of X0. s1
//	                         becomes the new f e b a; the old one in s0 is by then
//	                         the new h g d c, so the registers swap their parts.
//	SHA256MSG1, SHA256MSG2   the two halves of expanding the block's words, four
//	                         at a time: w[t] = σ1(w[t-2]) + w[t-7] + σ0(w[t-15]) + w[t-16]
//
// # Registers
//
//	          state    words, four each    nonce
//	hash A    X1 X2    X3  X4  X5  X6      from+SI
//	hash B    X7 X8    X9  X10 X11 X12     from+SI+1
//
//	X0 k+w   X13 scratch   DI frame   R8 k   R9 top   R10 from   R11 n   AX, BX scratch

#include "go_asm.h"
#include "textflag.h"

// FOUR does four rounds with the four k+w in X0.
#define FOUR(s0, s1) \
	SHA256RNDS2 X0, s0, s1 \
	PSHUFD      $0x0e, X0, X0 \ // the other two k+w
	SHA256RNDS2 X0, s1, s0

// ROUNDS does four rounds with the words in m, the first of them round t.
#define ROUNDS(t, m, s0, s1) \
	MOVOU (4*t)(R8), X0 \
	PADDD m, X0         \
	FOUR(s0, s1)

// PADDING does four rounds of both hashes with the k+w at kw in the frame.
#define PADDING(kw) \
	MOVOU kw(DI), X0 \
	FOUR(X1, X2)     \
	MOVOU kw(DI), X0 \
	FOUR(X7, X8)

// EXPAND turns w[t-16 … t-1] in m0 m1 m2 m3 into w[t … t+3] in m0.
#define EXPAND(m0, m1, m2, m3) \
	SHA256MSG1 m1, m0      \ // w[t-16] + σ0(w[t-15])
	MOVO       m3, X13     \
	PALIGNR    $4, m2, X13 \ // w[t-7 … t-4]
	PADDD      X13, m0     \
	SHA256MSG2 m3, m0        // + σ1(w[t-2])

// STEP expands four words of both hashes and does their four rounds.
#define STEP(t, a0, a1, a2, a3, b0, b1, b2, b3) \
	EXPAND(a0, a1, a2, a3) \
	EXPAND(b0, b1, b2, b3) \
	ROUNDS(t, a0, X1, X2)  \
	ROUNDS(t, b0, X7, X8)

// FROM16TO59 does these rounds of both hashes.
#define FROM16TO59 \
	STEP(16, X3, X4, X5, X6, X9, X10, X11, X12) \
	STEP(20, X4, X5, X6, X3, X10, X11, X12, X9) \
	STEP(24, X5, X6, X3, X4, X11, X12, X9, X10) \
	STEP(28, X6, X3, X4, X5, X12, X9, X10, X11) \
	STEP(32, X3, X4, X5, X6, X9, X10, X11, X12) \
	STEP(36, X4, X5, X6, X3, X10, X11, X12, X9) \
	STEP(40, X5, X6, X3, X4, X11, X12, X9, X10) \
	STEP(44, X6, X3, X4, X5, X12, X9, X10, X11) \
	STEP(48, X3, X4, X5, X6, X9, X10, X11, X12) \
	STEP(52, X4, X5, X6, X3, X10, X11, X12, X9) \
	STEP(56, X5, X6, X3, X4, X11, X12, X9, X10)

// NONCE puts the nonce in r into the words m and into the state after round 3.
#define NONCE(r, m, s0, s1) \
	BSWAPL r                     \ // the header is little-endian, SHA-256 big-endian
	MOVOU  frame_tail(DI), m     \
	PINSRD $3, r, m              \ // w[3]
	MOVOU  frame_four(DI), s0    \
	MOVOU  frame_four+16(DI), s1 \
	MOVD   r, X13                \
	PSHUFD $0x11, X13, X13       \ // 0 w[3] 0 w[3]
	PADDD  X13, s0                 // to e and a

// DIGEST adds the midstate and puts a b c d into m0, e f g h into m1: the words of
// the second hash's block.
#define DIGEST(s0, s1, m0, m1) \
	MOVOU  frame_mid(DI), X13    \
	PADDD  X13, s0               \
	MOVOU  frame_mid+16(DI), X13 \
	PADDD  X13, s1               \
	MOVO   s0, m0                \
	SHUFPS $0xbb, s1, m0         \
	MOVO   s0, m1                \
	SHUFPS $0x11, s1, m1

// LAST expands the last four words and does rounds 60 and 61. f is then the e that
// round 60 made, the last word of the hash but for the initial h.
#define LAST(m0, m1, m2, m3, s0, s1) \
	EXPAND(m0, m1, m2, m3)     \
	MOVOU       (4*60)(R8), X0 \
	PADDD       m0, X0         \
	SHA256RNDS2 X0, s0, s1

// COMPARE sets the flags for top against the highest 32 bits of the hash.
#define COMPARE(s1) \
	MOVD   s1, AX                     \
	ADDL   frame_initial+16(DI), AX   \ // h
	BSWAPL AX                         \
	CMPL   AX, R9

// func scanSHA(f *frame, from uint32, n uint64) uint64
TEXT ·scanSHA(SB), NOSPLIT, $0-32
	MOVQ f+0(FP), DI
	MOVL from+8(FP), R10
	MOVQ n+16(FP), R11
	LEAQ ·k(SB), R8
	MOVL frame_top(DI), R9
	XORL SI, SI

pair:
	// The first hash, from round 4 of its second block.
	LEAL (R10)(SI*1), AX
	LEAL 1(AX), BX
	NONCE(AX, X3, X1, X2)
	NONCE(BX, X9, X7, X8)
	PADDING(frame_kw1)
	PADDING(frame_kw1+16)
	PADDING(frame_kw1+32)
	MOVOU frame_pad1(DI), X4
	MOVOU frame_pad1+16(DI), X5
	MOVOU frame_pad1+32(DI), X6
	MOVO  X4, X10
	MOVO  X5, X11
	MOVO  X6, X12
	FROM16TO59
	STEP(60, X6, X3, X4, X5, X12, X9, X10, X11)
	DIGEST(X1, X2, X3, X4)
	DIGEST(X7, X8, X9, X10)

	// The second hash, of the first one's 32 bytes.
	MOVOU frame_initial(DI), X1
	MOVOU frame_initial+16(DI), X2
	MOVO  X1, X7
	MOVO  X2, X8
	ROUNDS(0, X3, X1, X2)
	ROUNDS(0, X9, X7, X8)
	ROUNDS(4, X4, X1, X2)
	ROUNDS(4, X10, X7, X8)
	PADDING(frame_kw2)
	PADDING(frame_kw2+16)
	MOVOU frame_pad2(DI), X5
	MOVOU frame_pad2+16(DI), X6
	MOVO  X5, X11
	MOVO  X6, X12
	FROM16TO59
	LAST(X6, X3, X4, X5, X1, X2)
	LAST(X12, X9, X10, X11, X7, X8)

	COMPARE(X2)
	JLS  done
	INCQ SI
	COMPARE(X8)
	JLS  done
	INCQ SI
	CMPQ SI, R11
	JCS  pair

done:
	MOVQ SI, ret+24(FP)
	RET

// func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)
TEXT ·cpuid(SB), NOSPLIT, $0-24
	MOVL leaf+0(FP), AX
	MOVL subleaf+4(FP), CX
	CPUID
	MOVL AX, eax+8(FP)
	MOVL BX, ebx+12(FP)
	MOVL CX, ecx+16(FP)
	MOVL DX, edx+20(FP)
	RET

// func xgetbv() uint32
TEXT ·xgetbv(SB), NOSPLIT, $0-4
	XORL CX, CX
	XGETBV
	MOVL AX, ret+0(FP)
	RET
