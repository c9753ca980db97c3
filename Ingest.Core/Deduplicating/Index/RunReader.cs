using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.CompilerServices;

namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// One run, mapped into memory. Each page's checksum is verified the first time the page is touched, before any byte of it counts; after that it
/// is trusted, for hashing 4 KiB at every lookup costs more than the lookup. Used by one thread at a time.
/// </summary>
internal sealed unsafe partial class RunReader : IDisposable
{
    private readonly MappedFile _file;
    private readonly byte* _start;
    private readonly RunTrailer _trailer;
    private readonly RunGeometry _geometry;
    private readonly ulong[] _verified;
    private readonly ulong _filterReciprocal;

    private RunReader(MappedFile file, RunDescriptor descriptor, RunTrailer trailer)
    {
        _file = file;
        _start = file.Start;
        _trailer = trailer;
        _geometry = trailer.Geometry;
        _filterReciprocal = _geometry.BlocksPerFilterPage > 1 ? (ulong.MaxValue / (ulong)_geometry.BlocksPerFilterPage) + 1 : 0;
        _verified = new ulong[(_geometry.Pages + 63) / 64];
        Descriptor = descriptor;
        file.ReadAtRandom();
    }

    public RunDescriptor Descriptor { get; }

    public RunGeometry Geometry => _geometry;

    public UInt128 Lowest => _trailer.Lowest;

    public UInt128 Highest => _trailer.Highest;

    /// <summary>Memory held, in bytes: one bit a page, and the whole file where it is small.</summary>
    public long ResidentBytes => (_verified.LongLength * sizeof(ulong)) + _file.ResidentBytes;

    /// <summary>Opens a local file as the run that the log describes.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="IndexDamagedException">Its size or trailer is not that of this run.</exception>
    public static RunReader Open(string path, RunDescriptor descriptor, bool hasContents)
    {
        var file = new MappedFile(path, descriptor.Name, descriptor.Bytes);
        try
        {
            var trailer = RunTrailer.Read(new ReadOnlySpan<byte>(file.Start + file.Length - RunTrailer.Bytes, RunTrailer.Bytes), descriptor.Name, file.Length);
            if (trailer.Geometry.Keys != descriptor.Keys || trailer.Sum != descriptor.Sum)
                throw new IndexDamagedException(descriptor.Name, $"it declares {trailer.Geometry.Keys} keys with sum {trailer.Sum:x32}, the log {descriptor.Keys} with {descriptor.Sum:x32}.");
            if (trailer.Geometry.ValueBytes > 0 != hasContents)
                throw new IndexDamagedException(descriptor.Name, hasContents ? "it holds no contents, which identity mode needs." : "it holds contents, which content mode has not.");
            return new RunReader(file, descriptor, trailer);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Says that the run will be read from front to back, as a merge does.</summary>
    public void ReadInOrder() => _file.ReadInOrder();

    /// <summary>Copies a block's keys, and contents where there are any, into spans of at least <see cref="RunGeometry.KeysPerBlock"/>. Returns their number.</summary>
    public int ReadBlock(long block, Span<UInt128> keys, Span<UInt128> contents)
    {
        Ensure(_geometry.FilterPages + block);
        var count = _geometry.KeysIn(block);
        var at = new ReadOnlySpan<byte>(BlockStart(block), count * (RunGeometry.KeyBytes + _geometry.ValueBytes));
        for (var i = 0; i < count; i++) keys[i] = BinaryPrimitives.ReadUInt128BigEndian(at[(i * RunGeometry.KeyBytes)..]);
        if (_geometry.ValueBytes == 0) return count;
        at = at[(count * RunGeometry.KeyBytes)..];
        for (var i = 0; i < count; i++) contents[i] = BinaryPrimitives.ReadUInt128BigEndian(at[(i * RunGeometry.KeyBytes)..]);
        return count;
    }

    /// <summary>Recomputes everything from the bytes: checksums, order, bounds, directory, filter, count and sum.</summary>
    /// <exception cref="IndexDamagedException">Something is not as the trailer says.</exception>
    public void VerifyAll(CancellationToken cancellation)
    {
        Array.Clear(_verified);
        _file.ReadInOrder();
        var keys = new UInt128[_geometry.KeysIn(0)];
        var contents = new UInt128[_geometry.ValueBytes > 0 ? keys.Length : 0];
        UInt128 sum = 0;
        UInt128 last = 0;
        for (var block = 0L; block < _geometry.Blocks; block++)
        {
            if ((block & 1023) == 0) cancellation.ThrowIfCancellationRequested();
            var count = ReadBlock(block, keys, contents);
            if (DirectoryEntry(block) != KeyHalf.High(keys[0])) throw Damaged($"the directory does not know block {block}.");
            var filter = FilterOf(FilterPageOf(block), block);
            if (_geometry.FilterWords > 0) Ensure(FilterPageOf(block));
            for (var i = 0; i < count; i++)
            {
                ref readonly var key = ref keys[i];
                if (key <= last && block + i > 0) throw Damaged($"the keys of block {block} do not ascend.");
                if (_geometry.FilterWords > 0 && !RunFilter.Holds(ReadUInt64(filter + (RunFilter.WordOf((ulong)key, _geometry.FilterWords) * sizeof(ulong))), (ulong)key))
                    throw Damaged($"the filter denies a key of block {block}.");
                last = key;
                sum += key;
            }

            if (block == 0 && keys[0] != Lowest) throw Damaged("the lowest key is not that of the trailer.");
        }

        if (last != Highest) throw Damaged("the highest key is not that of the trailer.");
        if (sum != _trailer.Sum) throw Damaged("the sum of its keys is not that of the trailer.");
        _file.ReadAtRandom();
    }

    public void Dispose() => _file.Dispose();

    private byte* BlockStart(long block) => _start + ((_geometry.FilterPages + block) * _geometry.BlockBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Ensure(long page)
    {
        if (!IsVerified(page)) VerifyPage(page);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsVerified(long page) => (_verified[page >> 6] & (1UL << (int)(page & 63))) != 0;

    private void VerifyPage(long page)
    {
        var bytes = new ReadOnlySpan<byte>(_start + _geometry.PageOffset(page), _geometry.PageBytes(page));
        if (BinaryPrimitives.ReadUInt64BigEndian(bytes[^RunGeometry.ChecksumBytes..]) != XxHash3.HashToUInt64(bytes[..^RunGeometry.ChecksumBytes], page))
            throw Damaged($"page {page} of {_geometry.Pages} does not match its checksum.");
        _verified[page >> 6] |= 1UL << (int)(page & 63);
    }

    private IndexDamagedException Damaged(string what) => new(Descriptor.Name, what);
}
