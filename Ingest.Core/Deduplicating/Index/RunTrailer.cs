using System.Buffers.Binary;
using System.IO.Hashing;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// The last 128 bytes of a run: what the file is and what it holds. At the end, so that blocks lie on page boundaries and a run is written in
/// one pass. All numbers are big-endian.
/// </summary>
/// <remarks>
/// <code>
/// offset bytes
///      0     8  magic, the ASCII letters INGSTRUN
///      8     2  format version, 2
///     10     2  flags, 0; a reader refuses a flag that it does not know
///     12     4  block size in bytes
///     16     8  number of keys, at least 1
///     24     4  bytes of value beside each key: 0, or 16 for the content fingerprint (identity mode)
///     28     4  filter words a block, 0 for no filter
///     32    16  lowest key
///     48    16  highest key
///     64    16  sum of the keys modulo 2^128
///     80    32  zero; room for what later versions need
///    112     8  size of the file in bytes
///    120     8  XxHash3 (64 bits, seed 0) of bytes 0 to 119
/// </code>
/// </remarks>
internal sealed record RunTrailer(RunGeometry Geometry, UInt128 Lowest, UInt128 Highest, UInt128 Sum)
{
    public const int Bytes = 128;

    private const ushort Version = 2;

    private static ReadOnlySpan<byte> Magic => "INGSTRUN"u8;

    public void Write(Span<byte> to)
    {
        to[..Bytes].Clear();
        Magic.CopyTo(to);
        BinaryPrimitives.WriteUInt16BigEndian(to[8..], Version);
        BinaryPrimitives.WriteInt32BigEndian(to[12..], Geometry.BlockBytes);
        BinaryPrimitives.WriteInt64BigEndian(to[16..], Geometry.Keys);
        BinaryPrimitives.WriteInt32BigEndian(to[24..], Geometry.ValueBytes);
        BinaryPrimitives.WriteInt32BigEndian(to[28..], Geometry.FilterWords);
        BinaryPrimitives.WriteUInt128BigEndian(to[32..], Lowest);
        BinaryPrimitives.WriteUInt128BigEndian(to[48..], Highest);
        BinaryPrimitives.WriteUInt128BigEndian(to[64..], Sum);
        BinaryPrimitives.WriteInt64BigEndian(to[112..], Geometry.FileBytes);
        BinaryPrimitives.WriteUInt64BigEndian(to[120..], XxHash3.HashToUInt64(to[..120]));
    }

    /// <summary>Reads and checks a trailer against the size of the file that it stands in.</summary>
    /// <exception cref="IndexDamagedException">It is not a trailer of this version, or not of a file of this size.</exception>
    public static RunTrailer Read(ReadOnlySpan<byte> from, string run, long fileBytes)
    {
        if (!from[..8].SequenceEqual(Magic)) throw new IndexDamagedException(run, "the file does not end like a run.");
        if (BinaryPrimitives.ReadUInt64BigEndian(from[120..]) != XxHash3.HashToUInt64(from[..120]))
            throw new IndexDamagedException(run, "the trailer does not match its checksum.");
        var version = BinaryPrimitives.ReadUInt16BigEndian(from[8..]);
        var flags = BinaryPrimitives.ReadUInt16BigEndian(from[10..]);
        if (version != Version || flags != 0)
            throw new IndexDamagedException(run, $"it is of format version {version} with flags {flags}, and this program reads version {Version} without flags.");

        var blockBytes = BinaryPrimitives.ReadInt32BigEndian(from[12..]);
        var keys = BinaryPrimitives.ReadInt64BigEndian(from[16..]);
        var valueBytes = BinaryPrimitives.ReadInt32BigEndian(from[24..]);
        var filterWords = BinaryPrimitives.ReadInt32BigEndian(from[28..]);
        var sane = blockBytes is >= 64 and <= 1 << 20 && keys is > 0 and < 1L << 56 && valueBytes is 0 or RunGeometry.KeyBytes && filterWords >= 0 && filterWords <= (blockBytes - RunGeometry.ChecksumBytes) / sizeof(ulong);
        var geometry = sane ? new RunGeometry(keys, valueBytes, blockBytes, filterWords) : default;
        if (!sane || geometry.FileBytes != fileBytes || BinaryPrimitives.ReadInt64BigEndian(from[112..]) != fileBytes)
            throw new IndexDamagedException(run, $"the trailer does not describe a file of {fileBytes} bytes.");

        return new RunTrailer(
            geometry,
            BinaryPrimitives.ReadUInt128BigEndian(from[32..]),
            BinaryPrimitives.ReadUInt128BigEndian(from[48..]),
            BinaryPrimitives.ReadUInt128BigEndian(from[64..]));
    }
}
