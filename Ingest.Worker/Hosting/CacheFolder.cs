using Ingest.Worker.Commands;

namespace Ingest.Worker.Hosting;

/// <summary>Tries the folder of index copies before anything is started: a worker that cannot write there can never begin.</summary>
internal static class CacheFolder
{
    /// <summary>Why nobody can write there, and what to do; null when one can.</summary>
    public static string? WhyNot(string folder)
    {
        try
        {
            var path = Path.Combine(Directory.CreateDirectory(folder).FullName, $".probe-{Environment.ProcessId}");
            using var probe = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"Ingest:Table:IndexCache is '{folder}', which cannot be written: {FileArguments.Reason(e)}. Give a local folder that can.";
        }
    }
}
