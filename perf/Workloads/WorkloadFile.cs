namespace Ingest.Perf.Workloads;

/// <summary>The workload as a file, a message a line: what DuckDB reads.</summary>
internal static class WorkloadFile
{
    /// <summary>Writes the file unless it is there; returns its path.</summary>
    public static string Write(Workload workload, string folder)
    {
        var path = Path.Combine(Directory.CreateDirectory(folder).FullName, workload.Dataset + ".ndjson");
        if (File.Exists(path)) return path;
        using (var file = new FileStream(path + ".part", FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20))
        using (var records = new RecordWriter(workload))
        {
            for (var message = 0L; message < workload.Messages; message++)
            {
                file.Write(records.Next(message).Payload.Span);
                file.WriteByte((byte)'\n');
            }
        }

        File.Move(path + ".part", path, overwrite: true);
        return path;
    }
}
