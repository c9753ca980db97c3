using System.Buffers.Binary;
using System.Globalization;
using RocksDbSharp;

namespace Ingest.Perf.Index;

/// <summary>RocksDB as the same index: get, then put what was not there, in one write batch, without a log; 10-bit bloom filters, no compression (keys do not compress).</summary>
internal sealed class RocksIndex : IDisposable
{
    private const ulong CacheBytes = 256UL << 20;
    private const long IngestKeysMax = 4_000_000;

    private readonly RocksDb _db;
    private readonly WriteOptions _write = new WriteOptions().DisableWal(1);
    private readonly byte[] _key = new byte[16];
    private readonly byte[] _empty = [];
    private readonly string _folder;

    public RocksIndex(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
        _db = RocksDb.Open(Options(), Path.Combine(folder, "db"));
    }

    public long DiskBytes => long.Parse(_db.GetProperty("rocksdb.total-sst-files-size"), CultureInfo.InvariantCulture);

    /// <summary>Fills by its own bulk load: sorted files that it takes over as they are, so that it begins in its best state, everything in one level.</summary>
    public void Fill(KeySpace space)
    {
        var keys = new UInt128[KeySpace.BucketKeys];
        for (var bucket = 0L; bucket < space.Buckets;)
        {
            var path = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"load-{bucket}.sst"));
            using (var writer = new SstFileWriter(ioOptions: FileOptions()))
            {
                writer.Open(path);
                for (var end = Math.Min(space.Buckets, bucket + (IngestKeysMax / KeySpace.BucketKeys)); bucket < end; bucket++)
                {
                    space.Fill(bucket, keys);
                    keys.AsSpan().Sort();
                    foreach (var key in keys)
                    {
                        BinaryPrimitives.WriteUInt128BigEndian(_key, key);
                        writer.Put(_key, _empty);
                    }
                }

                writer.Finish();
            }

            _db.IngestExternalFiles([path], new IngestExternalFileOptions().SetMoveFiles(true));
        }
    }

    public int Take(UInt128[] keys)
    {
        var found = 0;
        using var batch = new WriteBatch();
        foreach (var key in keys)
        {
            BinaryPrimitives.WriteUInt128BigEndian(_key, key);
            if (_db.HasKey(_key)) found++;
            else batch.Put(_key, _empty);
        }

        _db.Write(batch, _write);
        return found;
    }

    /// <summary>Waits until it has nothing left to do in the background, so that the other does not pay for it.</summary>
    public async Task SettleAsync()
    {
        while (_db.GetProperty("rocksdb.num-running-compactions") != "0" || _db.GetProperty("rocksdb.num-running-flushes") != "0" || _db.GetProperty("rocksdb.compaction-pending") != "0")
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System).ConfigureAwait(false);
    }

    public void Dispose() => _db.Dispose();

    private static DbOptions Options()
    {
        var options = new DbOptions();
        options.SetCreateIfMissing(true).IncreaseParallelism(Environment.ProcessorCount);
        options.SetCompression(Compression.No).SetWriteBufferSize(64UL << 20).SetBlockBasedTableFactory(Table());
        return options;
    }

    private static ColumnFamilyOptions FileOptions() => new ColumnFamilyOptions().SetCompression(Compression.No).SetBlockBasedTableFactory(Table());

    private static BlockBasedTableOptions Table() => new BlockBasedTableOptions()
        .SetFilterPolicy(BloomFilterPolicy.Create(10, false))
        .SetBlockCache(Cache.CreateLru(CacheBytes))
        .SetBlockSize(4096)
        .SetFormatVersion(5);
}
