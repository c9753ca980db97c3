using System.Net.Sockets;

namespace Ingest.Worker.Hosting;

/// <summary>Tries the port of health and metrics before anything is started: the server itself would find out only when the worker is at work.</summary>
internal static class HealthPort
{
    /// <summary>Why nobody can listen there, and what to do; null when it is free.</summary>
    public static string? WhyNot(int port)
    {
        using var listener = TcpListener.Create(port);
        try
        {
            listener.Start();
            return null;
        }
        catch (SocketException refused)
        {
            var why = refused.SocketErrorCode == SocketError.AddressAlreadyInUse ? "is taken" : $"cannot be opened ({refused.Message})";
            return $"Ingest:Health:Port {port} {why}. Give another, or 0 for none.";
        }
    }
}
