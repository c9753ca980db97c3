using Ingest.Core;

namespace Ingest.Tests.Stores;

/// <summary>A folder of one test's own, deleted with it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder()
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"ingest-test-{IdSource.System.Next():N}");
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
