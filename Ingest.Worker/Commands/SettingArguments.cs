namespace Ingest.Worker.Commands;

/// <summary>Settings on the command line look like <c>--Ingest:Section:Name=value</c>; anything else that is left over is a typing error.</summary>
internal static class SettingArguments
{
    /// <summary>Takes the settings out of a list of files: the parser gives an argument that takes many all that it does not know.</summary>
    public static (string[] Files, string[] Settings) Split(IEnumerable<string> arguments)
    {
        var (files, settings) = (new List<string>(), new List<string>());
        var wantsValue = false;
        foreach (var argument in arguments)
        {
            var isSetting = argument.StartsWith("--", StringComparison.Ordinal);
            (isSetting || wantsValue ? settings : files).Add(argument);
            wantsValue = isSetting && !argument.Contains('=', StringComparison.Ordinal);
        }

        return ([.. files], [.. settings]);
    }

    public static IEnumerable<string> Check(IReadOnlyList<string> arguments)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            var isSetting = argument.StartsWith("--Ingest:", StringComparison.OrdinalIgnoreCase) || argument.StartsWith("--Logging:", StringComparison.OrdinalIgnoreCase);
            if (!isSetting) yield return $"'{argument}' is not known here. Settings are given as --Ingest:Section:Name=value.";
            else if (!argument.Contains('=', StringComparison.Ordinal)) i++;
        }
    }
}
