namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// A folder below the cache folder that only this worker uses, as long as it lives: each worker tidies away index runs that it does not know, so two
/// must not share. The folder of a worker that has ended is taken over, with what it holds.
/// </summary>
internal sealed class CacheSlot : IDisposable
{
    private const int SlotsMax = 1024;

    private readonly FileStream _lock;

    private CacheSlot(string folder, FileStream @lock)
    {
        Folder = folder;
        _lock = @lock;
    }

    public string Folder { get; }

    /// <exception cref="IOException">No folder can be made or locked.</exception>
    public static CacheSlot Take(string cacheFolder)
    {
        for (var i = 0; ; i++)
        {
            var folder = Directory.CreateDirectory(Path.Combine(cacheFolder, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"worker-{i}"))).FullName;
            try
            {
                return new CacheSlot(folder, new FileStream(Path.Combine(folder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException) when (i < SlotsMax)
            {
                // Another worker's.
            }
        }
    }

    public void Dispose() => _lock.Dispose();
}
