namespace Ingest.Worker.Commands;

/// <summary>Files that a command is given to read or to write.</summary>
internal static class FileArguments
{
    /// <summary>Why it cannot be read; null when it is a file.</summary>
    public static string? WhyNot(string file) =>
        File.Exists(file) ? null : Directory.Exists(file) ? $"{file}: that is a folder. Name the files in it." : $"{file}: there is no such file.";

    /// <summary>What the system says, without the path that the sentence around it names already, and without its full stop.</summary>
    public static string Reason(Exception cannot)
    {
        var path = cannot.Message.IndexOf(" : '", StringComparison.Ordinal);
        return (path < 0 ? cannot.Message : cannot.Message[..path]).TrimEnd('.');
    }
}
